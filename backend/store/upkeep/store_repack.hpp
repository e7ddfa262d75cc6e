// Makes one pack of many packs and loose objects of a store.
#pragma once

#include "backend/pack/pack_file.hpp"
#include "backend/store/disk/store_files.hpp"
#include "config/error.hpp"

#include <filesystem>
#include <functional>
#include <vector>

namespace gitfs {

/// Callbacks about changes of a store's folder. They are called on the thread that makes the changes.
struct store_watcher {
  /// A pack was added. Readers of this store should look for it now, before the files that it replaces are removed.
  std::function<void(const std::filesystem::path& store)> added = [](const auto&) {};
  /// Packs were removed. Readers of this store should close them.
  std::function<void(const std::filesystem::path& store)> removed = [](const auto&) {};
  /// Returns true if the work should end soon.
  std::function<bool()> stop = [] { return false; };
};

struct repack_source {
  seen_pack seen;
  std::vector<bool> keep; ///< for each entry, whether to keep it; empty: all. The bases of kept entries are kept, too
};

struct repack_report {
  std::uint64_t objects = 0; ///< in the new pack
  std::uint64_t damaged = 0; ///< objects that were left out because they are damaged
};

/// Writes the objects to keep into a new pack, makes it visible to readers, and then removes the sources. A pack with a
/// damaged object, and a damaged loose object, go to the quarantine instead. Objects that were never read are recorded
/// as used when they arrived, because the time of the new file does not tell that. If the process is killed at any
/// moment, the store is whole. ECANCELED: it was stopped, and nothing has changed.
result<repack_report> repack(const std::filesystem::path& store, const std::vector<repack_source>& packs,
                             const std::vector<seen_loose>& loose, const store_watcher& watcher);

/// Makes one pack of small packs and loose objects if there are many of them; with `all`, if there are at least two.
/// Packs are merged by size, so that the number of times that an object is copied grows with the logarithm of the
/// store's size. Zeroes: there was nothing to do.
struct consolidation {
  std::size_t packs = 0, loose = 0;
};
result<consolidation> consolidate(const std::filesystem::path& store, bool all, const store_watcher& watcher);

/// Brings back the sound objects of quarantined packs. Returns how many there were.
std::uint64_t salvage(const std::filesystem::path& store, const store_watcher& watcher);

/// Records that an object of a pack which goes to the quarantine is damaged.
void note_damage(const std::filesystem::path& store, const std::filesystem::path& index, const oid& id);

} // namespace gitfs
