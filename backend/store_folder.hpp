// Where a store is on disk: the cache folder, and in it one bare repository per upstream.
#pragma once

#include "config/error.hpp"

#include <filesystem>
#include <string>

namespace gitfs {

/// "<readable>-<16 hexadecimal digits of the key's SHA-1>.git".
std::string store_name(const std::string& key);

/// Gives the folder of `key`'s store, an empty bare repository if it did not exist; `cache_dir` and it are made as a
/// whole or not at all, by however many processes at once.
/// EEXIST: one of the two exists, has something in it and is not ours. Otherwise the disk's error.
result<std::filesystem::path> make_store_folder(const std::filesystem::path& cache_dir, const std::string& key);

/// The file in a store whose lock its packs are installed under.
std::filesystem::path store_lock(const std::filesystem::path& store);

} // namespace gitfs
