// How the entries of a mount stand, as metrics and for health checks.
#pragma once

#include "actors/model/mount_status.hpp"
#include "backend/telemetry/metric.hpp"

#include <caf/actor_addr.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace gitfs {

/// Asks the actors of a mount how its entries stand. `about`: what can be said without them. Blocks; none: there was no
/// answer within `limit`. `supervisor` is weak, so that no actor lives for the sake of who watches it. Any thread but
/// those of actors.
std::optional<mount_status> ask_status(const caf::actor_addr& supervisor, mount_status about,
                                       std::chrono::milliseconds limit);

/// A gauge for each of: what an entry shows (entry.info, in its labels), whether its last look has failed, and how long
/// ago the last good look at a followed ref was, in seconds up to `now` (seconds since 1970).
std::vector<metric> entry_metrics(const mount_status& status, std::int64_t now);

} // namespace gitfs
