// Reads and writes profiles on threads of their own: the actors that do it are in no trace.
#pragma once

#include "actors/mount/mounted_ref.hpp"
#include "actors/prefetch/run_recorder.hpp"
#include "backend/git/oid.hpp"
#include "backend/profile/profile_store.hpp"

#include <caf/actor.hpp>

#include <memory>
#include <string>
#include <vector>

namespace gitfs {

/// Where profiles of a mounted ref are. Null: it has none, as in replays.
std::shared_ptr<const profile_store> profiles_of(const mounted_ref& of);

/// Sends the prefetcher of `of`, if it has one, the profile that the user has named, as use_profile messages for the
/// snapshot `facts`. If it cannot be read, that is logged.
void use_named_profile(const mounted_ref& of, const snapshot_facts& facts);

/// Sends `prefetcher` in the same way the kept run of which most of `read` are a part, if that are half of them at
/// least.
void use_kept_run(const caf::actor& prefetcher, std::shared_ptr<const profile_store> from, const oid& commit,
                  const oid& root, std::vector<std::string> read);

/// Keeps a run that has ended. Sizes are of what `db` holds.
void keep_run(caf::actor_system& system, std::shared_ptr<const profile_store> in, std::shared_ptr<object_db> db,
              recorded_run run);

} // namespace gitfs
