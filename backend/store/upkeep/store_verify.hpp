// Checks everything in a cache.
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
  std::uint64_t objects = 0;         ///< objects that were read and have the right hash
  std::uint64_t damaged = 0;         ///< objects that have not, and are in the quarantine now
  std::uint64_t sizes = 0;           ///< sizes in the size table
  std::uint64_t listings = 0;        ///< entries of side tables, such as listings
  std::vector<std::string> findings; ///< a sentence for each damaged thing: what it was, and what was done with it
};

/// Reads every object of a store, in as many threads as there are processors, and checks hashes, indexes, checksums,
/// the size table and the side tables. Damaged objects are moved to the quarantine, and so become a miss; the sound
/// objects of a damaged pack stay in use. Others may use the store meanwhile, but nobody may `maintain` it.
result<verify_report> verify_store(const std::filesystem::path& store, side_tables beside = {});

/// Verifies all stores of a cache, one after the other. Waits for maintenance that is running, and prevents others.
/// `done` is called after each store.
result<void> verify_cache(const std::filesystem::path& cache_dir, side_tables beside,
                          const std::function<void(const std::filesystem::path&, const verify_report&)>& done);

} // namespace gitfs
