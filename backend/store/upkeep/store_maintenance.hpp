// Keeps a cache folder within its quota and in few files.
#pragma once

#include "backend/store/upkeep/side_table.hpp"
#include "backend/store/upkeep/store_repack.hpp"
#include "config/error.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>

namespace gitfs {

struct maintenance_plan {
  std::optional<std::uint64_t> quota{}; ///< bytes of the disk for the whole cache folder; unset: nothing is evicted
  /// Bytes of the disk that are to stay free. As long as fewer are free, objects are evicted.
  std::uint64_t min_free = 0;
  bool shrink = false;   ///< evict a tenth in any case: a write has failed for want of room
  bool thorough = false; ///< consolidate all files that can be, even where there are only a few
  bool wait = false;     ///< wait for another process that maintains the cache; else give up with EBUSY
  side_tables beside{};  ///< tables that are removed with the last evicted object of a store
};

struct maintenance_report {
  std::uint64_t before = 0, after = 0; ///< bytes of the disk that the cache folder takes
  std::uint64_t evicted_objects = 0, evicted_bytes = 0;
  std::uint64_t consolidations = 0, packs_merged = 0, loose_merged = 0;
  std::uint64_t salvaged = 0;       ///< objects of damaged packs that are in use again
  std::uint64_t leftover_bytes = 0; ///< quarantined and unfinished files that were removed
};

/// Objects that arrived or were read within this time are not evicted, because the reader that asked for them may not
/// have read them yet. So a cache may be larger than its quota for this long.
inline constexpr std::chrono::seconds eviction_grace{3};

/// Quarantined files are kept for people who want to look at them. They are removed after a week, when they take more
/// than 64 MB in a store (oldest first), or when the cache is over its quota.
inline constexpr std::chrono::hours quarantine_age{7 * 24};
inline constexpr std::uint64_t quarantine_bytes = std::uint64_t{64} << 20;

/// Maintains every store below `cache_dir`, while others may use them: removes what killed processes have left, brings
/// back what is sound in quarantined packs, evicts the objects not used for longest until a tenth of the quota is free
/// if the cache exceeds it, and merges small files. One process at a time. Evicted objects are a miss to everybody;
/// sizes are kept. EBUSY: another process maintains the cache. The disk's error if nothing can be locked. ENOENT,
/// ENOTSUP: see list_stores.
result<maintenance_report> maintain(const std::filesystem::path& cache_dir, const maintenance_plan& plan,
                                    const store_watcher& watcher);

} // namespace gitfs
