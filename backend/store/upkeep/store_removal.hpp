// Removes whole stores: those of one upstream, and those that nothing was ever kept in.
#pragma once

#include "config/error.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

namespace gitfs {

/// True if a store has no object and no table: its repository was never fetched from.
bool is_unused_store(const std::filesystem::path& store);

/// Removes a store of that kind, unless a process has it open. True: it is gone.
bool remove_if_unused(const std::filesystem::path& store);

/// Removes all stores of `key` (one, or two where an older version of this program has made one). Returns the bytes of
/// the disk that are free now. ENOENT: there is none. EBUSY: a process has it open, and `force` is false. Waits for the
/// upkeep of the cache.
result<std::uint64_t> remove_store(const std::filesystem::path& cache_dir, const std::string& key, bool force);

} // namespace gitfs
