// What a mount has done so far, readable while it runs.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
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
  // What was wanted ahead: contents that came, and of these what was read; wants that were given up.
  prefetch_blobs,
  prefetch_blob_bytes,
  prefetch_used_bytes,
  prefetch_cancelled,
  wants_joined,
  // Telemetry: what collectors have taken, and what none will have.
  telemetry_sent_spans,
  telemetry_dropped_spans,
  telemetry_lost_records,
  telemetry_dropped_metrics,
  telemetry_failed_requests,
  count,
};

/// Of these so many, the first, are of kernel requests.
inline constexpr std::size_t kernel_kinds = static_cast<std::size_t>(counter::xattr) + 1;

/// By counter, as `gitfs-actor stats` prints them.
inline constexpr std::array<std::string_view, static_cast<std::size_t>(counter::count)> counter_names{
    "kernel.lookup",
    "kernel.forget",
    "kernel.getattr",
    "kernel.readlink",
    "kernel.readdir",
    "kernel.readdirplus",
    "kernel.read",
    "kernel.xattr",
    "directories.live",
    "directories.spawned",
    "directories.reaped",
    "wants.demand",
    "wants.speculation",
    "transfers.started",
    "transfers.cancelled",
    "transfers.failed",
    "upstream.requests",
    "upstream.bytes",
    "prefetch.blobs",
    "prefetch.blob_bytes",
    "prefetch.used_bytes",
    "prefetch.cancelled",
    "wants.joined",
    "telemetry.sent_spans",
    "telemetry.dropped_spans",
    "telemetry.lost_records",
    "telemetry.dropped_metrics",
    "telemetry.failed_requests",
};

/// Independent sums and gauges; any thread.
class counters {
public:
  void add(counter c, std::uint64_t n = 1) { at(c).fetch_add(n, std::memory_order_relaxed); }
  void subtract(counter c, std::uint64_t n = 1) { at(c).fetch_sub(n, std::memory_order_relaxed); }
  std::uint64_t value(counter c) const { return values_[static_cast<std::size_t>(c)].load(std::memory_order_relaxed); }

  /// Of the kernel, of any kind; grows while the mount is in use.
  std::uint64_t kernel_requests() const {
    std::uint64_t out = 0;
    for (std::size_t i = 0; i < kernel_kinds; ++i)
      out += value(static_cast<counter>(i));
    return out;
  }

  /// A line "name value" each.
  std::string text() const {
    std::string out;
    for (std::size_t i = 0; i < values_.size(); ++i)
      out += std::string{counter_names[i]} + ' ' + std::to_string(value(static_cast<counter>(i))) + '\n';
    return out;
  }

private:
  std::atomic<std::uint64_t>& at(counter c) { return values_[static_cast<std::size_t>(c)]; }

  std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(counter::count)> values_{};
};

} // namespace gitfs
