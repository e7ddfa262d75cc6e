// Numbers of a whole trace: see trace_show.hpp.
#include "actors/trace/read/trace_names.hpp"
#include "actors/trace/read/trace_show.hpp"
#include "actors/trace/read/trace_times.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace gitfs::trace {

namespace {

// "1.0us 2.0us 3.0us", or nothing where there are none.
std::string percentiles(const std::vector<std::uint64_t>& values) {
  std::string out;
  for (const std::size_t percent : shown_percentiles)
    out += fmt::format(" {:>9}", values.empty() ? "" : show_duration(percentile(values, percent)));
  return out;
}

} // namespace

std::map<kind, kind_times> times_by_kind(const contents& in) {
  std::map<kind, kind_times> out;
  for (const record& each : in.records) {
    kind_times& of = out[each.what];
    ++of.count;
    if (!is_message(each.what))
      continue;
    of.waited.push_back(each.wait);
    if (each.duration != record::no_duration)
      of.took.push_back(each.duration);
  }
  for (auto& [what, of] : out) {
    std::ranges::sort(of.took);
    std::ranges::sort(of.waited);
  }
  return out;
}

std::uint64_t percentile(const std::vector<std::uint64_t>& sorted, std::size_t percent) {
  return sorted[std::min(sorted.size() * percent / 100, sorted.size() - 1)];
}

std::string stats_text(const contents& in) {
  if (in.records.empty())
    return "no records\n";
  std::string out = fmt::format("{:<20} {:>8}  {:^29}  {:^29}\n{:<20} {:>8} ", "", "", "took", "waited", "", "count");
  for (int i = 0; i < 2; ++i)
    out += fmt::format(" {:>9} {:>9} {:>9} ", "p50", "p90", "p99");
  out += '\n';
  for (const auto& [what, of] : times_by_kind(in)) {
    std::string line = fmt::format("{:<20} {:>8} ", kind_name(what), of.count);
    if (is_message(what))
      line += percentiles(of.took) + " " + percentiles(of.waited);
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
  }
  const record& first = in.records.front();
  const record& last = in.records.back();
  out += fmt::format("\n{} records in {}; {} between them are missing\n", in.records.size(),
                     show_duration(last.time > first.time ? last.time - first.time : 0),
                     last.order - first.order + 1 - in.records.size());
  return out;
}

} // namespace gitfs::trace
