// Metrics for collectors and for Prometheus.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace gitfs {

/// The counts of values up to each bound. The last count is of the values above all bounds.
struct histogram_point {
  std::string op; ///< value of the attribute (label) "op"
  std::vector<std::uint64_t> counts;
  double sum = 0;
};

/// One of several values of a gauge.
struct labelled_value {
  std::vector<std::pair<std::string, std::string>> labels; ///< name, value
  double value = 0;
};

struct metric {
  std::string name; ///< with dots: "kernel.lookup"
  std::string help;
  std::string unit; ///< as UCUM has it: "By", "s"; "1": a count
  enum class kind_type : std::uint8_t { counter, gauge, histogram } kind = kind_type::counter;
  std::uint64_t value = 0;                ///< of a counter or gauge
  std::vector<labelled_value> labelled{}; ///< of a gauge: these, and not `value`
  std::vector<double> bounds;             ///< of a histogram: ascending; a bound belongs to the bucket that it ends
  std::vector<histogram_point> points;    ///< of a histogram
};

} // namespace gitfs
