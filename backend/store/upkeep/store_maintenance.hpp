// Keeping a cache folder within its quota and in few files.
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
  std::optional<std::uint64_t> quota{}; ///< bytes of the disk for the whole cache folder; none: nothing is evicted
  bool thorough = false;                ///< consolidate all that can be, not only what has become many
  bool wait = false;                    ///< for another process that is at it; else give up with EBUSY
  side_tables beside{};                 ///< which go with the last object of a store that is over the quota
};

struct maintenance_report {
  std::uint64_t before = 0, after = 0; ///< bytes of the disk that the cache folder takes
  std::uint64_t evicted_objects = 0, evicted_bytes = 0;
  std::uint64_t consolidations = 0, packs_merged = 0, loose_merged = 0;
  std::uint64_t salvaged = 0;       ///< objects of damaged packs that are in use again
  std::uint64_t leftover_bytes = 0; ///< quarantined and unfinished files that were removed
};

/// What arrived or was read so recently is not evicted: who asked for it has not read it yet. So for that long a cache
/// may be larger than its quota.
inline constexpr std::chrono::seconds eviction_grace{3};

/// Quarantined files are for people who want to look at them: they go after a week, when they are more than 64 MB in a
/// store (oldest first), or when the cache is over its quota.
inline constexpr std::chrono::hours quarantine_age{7 * 24};
inline constexpr std::uint64_t quarantine_bytes = std::uint64_t{64} << 20;

/// Looks through every store below `cache_dir`, whoever uses them meanwhile: removes what killed processes left, brings
/// back what is sound in quarantined packs; over the quota, evicts the objects not used for longest until a tenth of it
/// is free; merges small files. One process at a time. Objects that are evicted are a miss to everybody. Sizes are
/// kept. EBUSY: another process is at it. The disk's error where nothing
/// can be locked. ENOENT, ENOTSUP: see list_stores.
result<maintenance_report> maintain(const std::filesystem::path& cache_dir, const maintenance_plan& plan,
                                    const store_watcher& watcher);

} // namespace gitfs
