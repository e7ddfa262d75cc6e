// Where stores are on the disk: the cache folder, with one bare repository in it for each upstream.
#pragma once

#include "config/error.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace gitfs {

/// The key without ".git" and slashes at its end. A URL names the same repository with and without them, so both have
/// the same store.
std::string normal_key(std::string key);

/// "<readable>-<16 hexadecimal digits of the SHA-1 of the normal key>.git".
std::string store_name(const std::string& key);

/// The path at which the store of `key` is or will be. If only an older version of this program has made a store for
/// the key, this is the path of that store.
std::filesystem::path store_path(const std::filesystem::path& cache_dir, const std::string& key);

/// Returns the folder of the store of `key` (store_path), and makes it as an empty bare repository if it did not exist.
/// `cache_dir` and the store are made as a whole or not at all, even by several processes at once. Damaged files that
/// mark the two as ours are written anew. EEXIST: one of the two exists, is not empty and is not ours. Otherwise the
/// disk's error.
result<std::filesystem::path> make_store_folder(const std::filesystem::path& cache_dir, const std::string& key);

/// The file in a store whose lock is held while a pack is installed.
std::filesystem::path store_lock(const std::filesystem::path& store);

/// The end of the names of a store's tables (record_file).
inline constexpr const char* table_extension = ".table";

/// The file of a store's size_table, and the folder for damaged files.
std::filesystem::path size_file(const std::filesystem::path& store);
std::filesystem::path quarantine_folder(const std::filesystem::path& store);

/// All stores below a cache folder, sorted by name. ENOENT: there is no such folder. ENOTSUP: it is no cache of ours.
result<std::vector<std::filesystem::path>> list_stores(const std::filesystem::path& cache_dir);

/// Removes a whole store. Its folder is renamed first, so that nobody meets half of it.
result<void> remove_store_folder(const std::filesystem::path& store);

/// The key that a store was made for; "" if its `config` is damaged.
std::string store_key(const std::filesystem::path& store);

/// Record that the store is used now, and read when it was last used (seconds since 1970; 0: unknown).
void note_store_use(const std::filesystem::path& store);
std::int64_t store_last_use(const std::filesystem::path& store);

/// Store and read the quota of a cache folder, for commands that name none. None: no quota was stored, or it cannot be
/// read.
void note_quota(const std::filesystem::path& cache_dir, std::uint64_t bytes);
std::optional<std::uint64_t> noted_quota(const std::filesystem::path& cache_dir);

} // namespace gitfs
