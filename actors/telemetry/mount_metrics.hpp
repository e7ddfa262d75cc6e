// The counters of a mount as metrics.
#pragma once

#include "actors/mount/mount_context.hpp"
#include "backend/telemetry/metric.hpp"

#include <vector>

namespace gitfs {

/// The numbers of mount_context::report, and histograms of how long kernel requests took. Any thread.
std::vector<metric> read_metrics(const mount_context& context);

} // namespace gitfs
