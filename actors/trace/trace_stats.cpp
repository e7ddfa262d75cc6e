// Numbers of a whole trace: see trace_show.hpp.
#include "actors/trace/trace_names.hpp"
#include "actors/trace/trace_show.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace gitfs::trace {

namespace {

struct times {
  std::size_t count = 0;
  std::vector<std::uint64_t> took, waited;
};

// "1.0us 2.0us 3.0us", or nothing where there are none.
std::string percentiles(std::vector<std::uint64_t>& values) {
  std::ranges::sort(values);
  std::string out;
  for (const std::size_t percent : {50U, 90U, 99U})
    out += fmt::format(
        " {:>9}",
        values.empty() ? "" : show_duration(values[std::min(values.size() * percent / 100, values.size() - 1)]));
  return out;
}

} // namespace

std::string stats_text(const contents& in) {
  if (in.records.empty())
    return "no records\n";
  std::map<kind, times> kinds;
  for (const record& each : in.records) {
    times& of = kinds[each.what];
    ++of.count;
    if (!is_message(each.what))
      continue;
    of.waited.push_back(each.wait);
    if (each.duration != record::no_duration)
      of.took.push_back(each.duration);
  }
  std::string out = fmt::format("{:<20} {:>8}  {:^29}  {:^29}\n{:<20} {:>8} ", "", "", "took", "waited", "", "count");
  for (int i = 0; i < 2; ++i)
    out += fmt::format(" {:>9} {:>9} {:>9} ", "p50", "p90", "p99");
  out += '\n';
  for (auto& [what, of] : kinds) {
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
