// Numbers for collectors and for Prometheus.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace gitfs {

/// Counts of values up to each bound; the last count is of those above all bounds.
struct histogram_point {
  std::string op; ///< value of the attribute (label) "op"
  std::vector<std::uint64_t> counts;
  double sum = 0;
};

struct metric {
  std::string name; ///< with dots: "kernel.lookup"
  std::string help;
  std::string unit; ///< as UCUM has it: "By", "s"; "1": a count
  enum class kind_type : std::uint8_t { counter, gauge, histogram } kind = kind_type::counter;
  std::uint64_t value = 0;             ///< not of a histogram
  std::vector<double> bounds;          ///< of a histogram: ascending, each within its bucket
  std::vector<histogram_point> points; ///< of a histogram
};

} // namespace gitfs
