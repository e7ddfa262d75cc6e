// Metrics for collectors and for Prometheus.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace gitfs {

/// The counts of values up to each bound. The last count is of the values above all bounds.
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
  std::uint64_t value = 0;             ///< of a counter or gauge
  std::vector<double> bounds;          ///< of a histogram: ascending; a bound belongs to the bucket that it ends
  std::vector<histogram_point> points; ///< of a histogram
};

} // namespace gitfs
