// Where a store is on disk: the cache folder, and in it one bare repository per upstream.
#pragma once

#include "config/error.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace gitfs {

/// "<readable>-<16 hexadecimal digits of the key's SHA-1>.git".
std::string store_name(const std::string& key);

/// Gives the folder of `key`'s store, an empty bare repository if it did not exist; `cache_dir` and it are made as a
/// whole or not at all, by however many processes at once. Damaged files that mark the two as ours are written anew.
/// EEXIST: one of the two exists, has something in it and is not ours. Otherwise the disk's error.
result<std::filesystem::path> make_store_folder(const std::filesystem::path& cache_dir, const std::string& key);

/// The file in a store whose lock its packs are installed under.
std::filesystem::path store_lock(const std::filesystem::path& store);

/// The file of a store's size_table, and the folder where what is damaged goes.
std::filesystem::path size_file(const std::filesystem::path& store);
std::filesystem::path quarantine_folder(const std::filesystem::path& store);

/// Every store below a cache folder, by name. ENOENT: there is no such folder. ENOTSUP: it is not a cache of ours.
result<std::vector<std::filesystem::path>> list_stores(const std::filesystem::path& cache_dir);

/// The key that a store was made for; "" if its `config` is damaged.
std::string store_key(const std::filesystem::path& store);

/// Notes that somebody used this store now, and tells when somebody last did (seconds since 1970; 0: unknown).
void note_store_use(const std::filesystem::path& store);
std::int64_t store_last_use(const std::filesystem::path& store);

/// The file whose lock is held by the one process that removes and rewrites in this cache; made if need be.
std::filesystem::path maintenance_lock(const std::filesystem::path& cache_dir);

/// Keeps the quota of a cache folder for those who do not name one; none: nobody has, or it cannot be read.
void note_quota(const std::filesystem::path& cache_dir, std::uint64_t bytes);
std::optional<std::uint64_t> noted_quota(const std::filesystem::path& cache_dir);

} // namespace gitfs
