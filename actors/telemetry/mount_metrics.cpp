#include "actors/telemetry/mount_metrics.hpp"

#include "actors/model/counter_unit.hpp"
#include "backend/remote/server_ways.hpp"

#include <algorithm>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

namespace gitfs {

namespace {

// What may also become less. All others are counters.
constexpr std::string_view gauges[] = {"directories.live", "store.cache_bytes", "store.held_bytes", "ways.not_taken",
                                       "ways.taken"};
constexpr std::string_view gauge_groups[] = {"memory.", "disk."};

constexpr struct {
  std::string_view group, help;
} helps[] = {
    {"kernel.", "Requests of the kernel of this kind"},
    {"directories.", "Actors of directories"},
    {"wants.", "Objects, trees and sizes that were asked of the fetcher"},
    {"transfers.", "Upstream operations"},
    {"upstream.", "HTTP requests to the git server, and bytes that it sent"},
    {"prefetch.", "What was fetched ahead of readers"},
    {"memory.", "Bytes in memory, of this kind"},
    {"disk.", "Bytes in unlinked files in the cache folder"},
    {"store.", "The objects on disk"},
    {"ways.", "Ways in which git servers were asked"},
    {"telemetry.", "What became of telemetry"},
};

bool in_group(std::string_view name, std::string_view group) {
  return name.starts_with(group);
}

metric described(std::string name, std::uint64_t value) {
  metric out;
  if (std::ranges::any_of(gauge_groups, [&](std::string_view group) { return in_group(name, group); })
      || std::ranges::find(gauges, name) != std::end(gauges))
    out.kind = metric::kind_type::gauge;
  out.unit = unit_of(name) == counter_unit::bytes ? "By" : "1";
  for (const auto& [group, help] : helps)
    if (in_group(name, group))
      out.help = help;
  out.name = std::move(name);
  out.value = value;
  return out;
}

metric durations(const latencies& of) {
  metric out;
  out.name = "kernel.request.duration";
  out.help = "From the arrival of a kernel request to its reply";
  out.unit = "s";
  out.kind = metric::kind_type::histogram;
  out.bounds = latency_histogram::bounds();
  for (const counter_row& row : kernel_counters) {
    const latency_histogram& each = of.of(row.number);
    if (each.count() == 0)
      continue;
    out.points.push_back({std::string{row.name.substr(row.name.find('.') + 1)}, each.counts(), each.sum()});
  }
  return out;
}

} // namespace

std::vector<metric> read_metrics(const mount_context& context) {
  std::vector<metric> out;
  std::istringstream lines{context.counts.text() + context.memory.text()};
  std::string name;
  for (std::uint64_t value = 0; lines >> name >> value;)
    out.push_back(described(name, value));
  for (auto& [counted, value] : context.store_counters())
    out.push_back(described(counted, value));
  if (context.servers)
    for (auto& [counted, value] : context.servers->counters())
      out.push_back(described(counted, value));
  if (metric took = durations(context.latency); !took.points.empty())
    out.push_back(std::move(took));
  return out;
}

} // namespace gitfs
