// Many packs and loose objects of a store become one pack.
#pragma once

#include "backend/pack/pack_file.hpp"
#include "backend/store/disk/store_files.hpp"
#include "config/error.hpp"

#include <filesystem>
#include <functional>
#include <vector>

namespace gitfs {

/// Told of changes that are being made to a store's folder; called on the thread that makes them.
struct store_watcher {
  /// A pack has been added: whoever reads this store should look for it now, before what it replaces goes.
  std::function<void(const std::filesystem::path& store)> added = [](const auto&) {};
  /// Packs have been removed: whoever reads this store should close them.
  std::function<void(const std::filesystem::path& store)> removed = [](const auto&) {};
  /// True: end soon.
  std::function<bool()> stop = [] { return false; };
};

struct repack_source {
  seen_pack seen;
  std::vector<bool> keep; ///< for each entry; empty: all. What they are deltas of is kept with them
};

struct repack_report {
  std::uint64_t objects = 0; ///< in the new pack
  std::uint64_t damaged = 0; ///< that were left out for that
};

/// Writes what is to be kept into a new pack, lets readers see it, and then removes the sources. A pack in which
/// something is damaged goes to the quarantine instead, a damaged loose object too. Objects that were never read are
/// noted as used when they arrived, since a new file cannot tell. Killed at any moment, the store is whole. ECANCELED:
/// it was stopped, nothing has changed.
result<repack_report> repack(const std::filesystem::path& store, const std::vector<repack_source>& packs,
                             const std::vector<seen_loose>& loose, const store_watcher& watcher);

/// Makes one pack of small packs and loose objects if there are many of them, or with `all` if there are two at all.
/// Packs are merged by size, so that each object is copied a number of times that grows with the logarithm of the
/// store. None: nothing to do.
struct consolidation {
  std::size_t packs = 0, loose = 0;
};
result<consolidation> consolidate(const std::filesystem::path& store, bool all, const store_watcher& watcher);

/// Brings back what is sound in quarantined packs. Gives how many objects.
std::uint64_t salvage(const std::filesystem::path& store, const store_watcher& watcher);

/// Notes that an object of a pack which goes to the quarantine is damaged.
void note_damage(const std::filesystem::path& store, const std::filesystem::path& index, const oid& id);

} // namespace gitfs
