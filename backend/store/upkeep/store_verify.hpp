// Whether everything in a cache is what it should be.
#pragma once

#include "backend/store/upkeep/side_table.hpp"
#include "config/error.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace gitfs {

struct verify_report {
  std::uint64_t objects = 0;         ///< that were read and are what their name says
  std::uint64_t damaged = 0;         ///< that were not, and are in the quarantine now
  std::uint64_t sizes = 0;           ///< that are kept in the size table
  std::uint64_t listings = 0;        ///< and the like that side tables keep beside the objects
  std::vector<std::string> findings; ///< a sentence for each thing that is damaged: what, and what became of it
};

/// Reads every object of a store, in as many threads as there are processors, and checks hashes, indexes, checksums and
/// the size table and those beside it. What is damaged is moved to the quarantine and so becomes a miss; what is sound
/// in a damaged pack stays in use. Others may use the store meanwhile, but nobody may `maintain` it.
result<verify_report> verify_store(const std::filesystem::path& store, side_tables beside = {});

/// Every store of a cache, one after the other; waits for a maintenance that is under way and keeps others away.
/// `done` is called for each.
result<void> verify_cache(const std::filesystem::path& cache_dir, side_tables beside,
                          const std::function<void(const std::filesystem::path&, const verify_report&)>& done);

} // namespace gitfs
