// Makes the fetcher, the prefetchers and the snapshots of a mount, and ends its actors.
#pragma once

#include "actors/mount/mount_context.hpp"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace gitfs {

/// Starts the fetcher of a repository that has an upstream. `trees_ahead`: as fetcher_actor.
void start_fetcher(caf::actor_system& system, const std::shared_ptr<mount_context>& context,
                   const std::shared_ptr<mounted_repository>& of, std::shared_ptr<upstream> remote,
                   std::uint64_t trees_ahead);

/// Makes a mounted ref known to the mount, with a prefetcher if the mount has these and there is a fetcher.
std::shared_ptr<mounted_ref> add_mounted_ref(caf::actor_system& system, const std::shared_ptr<mount_context>& context,
                                             std::uint32_t number, std::shared_ptr<mounted_repository> of);

/// The snapshot as `of` shows it from now on. `before`: the snapshot that it has shown until now; null: none since the
/// mount was made. Files get their times from what `place` showed in this mount and in earlier ones.
shown_ptr show_snapshot(const mount_context& context, std::shared_ptr<mounted_ref> of, const snapshot_facts& facts,
                        const std::string& place, const shown_ptr& before = nullptr);

/// Puts the snapshot into the root of the mount, before any other directory.
void show_at_root(mount_context& context, std::shared_ptr<mounted_ref> of, const snapshot_facts& facts);

/// Tells the actors of a mount to end. Repositories, fetchers and prefetchers are ended by the catalog or by each
/// other. `catalog`: null: there is none. Both handles are released.
void end_actors(const mount_context& context, caf::actor& supervisor, caf::actor& catalog);

} // namespace gitfs
