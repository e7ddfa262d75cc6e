// The counters of a mount that `gitfs-actor stats` shows. They can be read while the mount runs.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <string>
#include <string_view>

namespace gitfs {

enum class counter : std::uint8_t {
  // Kernel requests, by kind.
  lookup,
  forget,
  getattr,
  readlink,
  readdir,
  readdirplus,
  read,
  xattr,
  // Directory actors.
  directories_live,
  directories_spawned,
  directories_reaped,
  // Upstream.
  wants_demand,
  wants_speculation,
  transfers_started,
  transfers_cancelled,
  transfers_failed,
  requests,
  bytes_received,
  // Prefetching: contents that were fetched ahead, how much of these was read, and wants that were given up.
  prefetch_blobs,
  prefetch_blob_bytes,
  prefetch_used_bytes,
  prefetch_cancelled,
  wants_joined,
  // Telemetry: what collectors have accepted, and what was dropped.
  telemetry_sent_spans,
  telemetry_dropped_spans,
  telemetry_lost_records,
  telemetry_dropped_metrics,
  telemetry_failed_requests,
  count,
};

/// The first so many counters are those of kernel requests.
inline constexpr std::size_t kernel_kinds = static_cast<std::size_t>(counter::xattr) + 1;

struct counter_row {
  counter number;
  std::string_view name; ///< as `gitfs-actor stats` prints it
};

inline constexpr counter_row counter_table[] = {
    {counter::lookup, "kernel.lookup"},
    {counter::forget, "kernel.forget"},
    {counter::getattr, "kernel.getattr"},
    {counter::readlink, "kernel.readlink"},
    {counter::readdir, "kernel.readdir"},
    {counter::readdirplus, "kernel.readdirplus"},
    {counter::read, "kernel.read"},
    {counter::xattr, "kernel.xattr"},
    {counter::directories_live, "directories.live"},
    {counter::directories_spawned, "directories.spawned"},
    {counter::directories_reaped, "directories.reaped"},
    {counter::wants_demand, "wants.demand"},
    {counter::wants_speculation, "wants.speculation"},
    {counter::transfers_started, "transfers.started"},
    {counter::transfers_cancelled, "transfers.cancelled"},
    {counter::transfers_failed, "transfers.failed"},
    {counter::requests, "upstream.requests"},
    {counter::bytes_received, "upstream.bytes"},
    {counter::prefetch_blobs, "prefetch.blobs"},
    {counter::prefetch_blob_bytes, "prefetch.blob_bytes"},
    {counter::prefetch_used_bytes, "prefetch.used_bytes"},
    {counter::prefetch_cancelled, "prefetch.cancelled"},
    {counter::wants_joined, "wants.joined"},
    {counter::telemetry_sent_spans, "telemetry.sent_spans"},
    {counter::telemetry_dropped_spans, "telemetry.dropped_spans"},
    {counter::telemetry_lost_records, "telemetry.lost_records"},
    {counter::telemetry_dropped_metrics, "telemetry.dropped_metrics"},
    {counter::telemetry_failed_requests, "telemetry.failed_requests"},
};
static_assert(std::size(counter_table) == static_cast<std::size_t>(counter::count));
static_assert(std::ranges::all_of(counter_table,
                                  [](const counter_row& each) {
                                    return &each - std::begin(counter_table)
                                           == static_cast<std::ptrdiff_t>(each.number);
                                  }),
              "rows stand in the order of the enum");

/// The rows of the counters of kernel requests.
inline constexpr auto kernel_counters = std::span{counter_table}.first<kernel_kinds>();

inline constexpr std::string_view name_of(counter which) {
  return counter_table[static_cast<std::size_t>(which)].name;
}

/// Sums and gauges that are independent of each other. Any thread may use them.
class counters {
public:
  void add(counter c, std::uint64_t n = 1) { at(c).fetch_add(n, std::memory_order_relaxed); }
  void subtract(counter c, std::uint64_t n = 1) { at(c).fetch_sub(n, std::memory_order_relaxed); }
  std::uint64_t value(counter c) const { return values_[static_cast<std::size_t>(c)].load(std::memory_order_relaxed); }

  /// How many requests the kernel has sent, of all kinds. The number grows while the mount is in use.
  std::uint64_t kernel_requests() const {
    std::uint64_t out = 0;
    for (const counter_row& each : kernel_counters)
      out += value(each.number);
    return out;
  }

  /// A line "name value" for each counter.
  std::string text() const {
    std::string out;
    for (const counter_row& each : counter_table)
      out += std::string{each.name} + ' ' + std::to_string(value(each.number)) + '\n';
    return out;
  }

private:
  std::atomic<std::uint64_t>& at(counter c) { return values_[static_cast<std::size_t>(c)]; }

  std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(counter::count)> values_{};
};

} // namespace gitfs
