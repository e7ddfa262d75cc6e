#include "backend/telemetry/prometheus_text.hpp"

#include <fmt/core.h>
#include <string_view>

namespace gitfs {

namespace {

std::string name_of(const metric& m) {
  std::string out = "gitfs_" + m.name;
  for (char& c : out)
    if (c == '.')
      c = '_';
  if (m.unit == "s")
    out += "_seconds";
  // "_bytes" is part of those names that have it.
  if (m.unit == "By" && !out.ends_with("_bytes"))
    out += "_bytes";
  if (m.kind == metric::kind_type::counter)
    out += "_total";
  return out;
}

constexpr std::string_view types[] = {"counter", "gauge", "histogram"}; // by metric::kind_type

void put_histogram(std::string& out, const std::string& name, const metric& m) {
  for (const histogram_point& point : m.points) {
    std::uint64_t up_to = 0;
    for (std::size_t i = 0; i < point.counts.size(); ++i) {
      up_to += point.counts[i];
      const std::string bound = i < m.bounds.size() ? fmt::format("{}", m.bounds[i]) : "+Inf";
      out += fmt::format("{}_bucket{{op=\"{}\",le=\"{}\"}} {}\n", name, point.op, bound, up_to);
    }
    out += fmt::format("{}_sum{{op=\"{}\"}} {}\n", name, point.op, point.sum);
    out += fmt::format("{}_count{{op=\"{}\"}} {}\n", name, point.op, up_to);
  }
}

std::string escaped_label(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '\\' || c == '"')
      out += '\\';
    out += c == '\n' ? std::string{"\\n"} : std::string{c};
  }
  return out;
}

void put_labelled(std::string& out, const std::string& name, const metric& m) {
  for (const labelled_value& each : m.labelled) {
    std::string labels;
    for (const auto& [label, value] : each.labels)
      labels += fmt::format("{}{}=\"{}\"", labels.empty() ? "" : ",", label, escaped_label(value));
    out += fmt::format("{}{{{}}} {}\n", name, labels, each.value);
  }
}

} // namespace

std::string prometheus_text(std::span<const metric> metrics) {
  std::string out;
  for (const metric& each : metrics) {
    const std::string name = name_of(each);
    out +=
        fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, each.help, name, types[static_cast<std::size_t>(each.kind)]);
    if (each.kind == metric::kind_type::histogram)
      put_histogram(out, name, each);
    else if (!each.labelled.empty())
      put_labelled(out, name, each);
    else
      out += fmt::format("{} {}\n", name, each.value);
  }
  return out;
}

} // namespace gitfs
