// Brings the files that a program names by paths and patterns.
#pragma once

#include "actors/model/directory_location.hpp"
#include "actors/model/reply.hpp"

#include <caf/actor_system.hpp>

#include <string>
#include <vector>

namespace gitfs {

/// Starts an actor, on a thread of its own, that finds all these paths below `at` together, and lets the fetcher bring
/// the files: all trees of a level in one request, then all contents in one. It answers with a text that
/// docs/control-protocol.md explains, or ESTALE (`at` is null), EXDEV (it is above the repositories), ENOTSUP (its
/// repository has no server). If the asker gives up, what is on its way is cancelled.
void find_paths(caf::actor_system& system, const directory_location_ptr& at, std::vector<std::string> paths,
                reply answer);

} // namespace gitfs
