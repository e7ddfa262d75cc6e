// Metrics in Prometheus' text format, version 0.0.4.
#pragma once

#include "backend/telemetry/metric.hpp"

#include <span>
#include <string>

namespace gitfs {

inline constexpr const char* prometheus_type = "text/plain; version=0.0.4; charset=utf-8";

/// The metrics as text. "kernel.lookup" becomes gitfs_kernel_lookup_total; a metric in seconds has them in its name.
std::string prometheus_text(std::span<const metric> metrics);

} // namespace gitfs
