// Describes the contents of a cache folder, for people and for programs.
#pragma once

#include "config/error.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace gitfs {

struct store_info {
  std::filesystem::path path;
  std::string source;        ///< the URL of its upstream, without credentials; empty: its config is damaged
  std::uint64_t bytes = 0;   ///< bytes of the disk, with everything in the folder
  std::uint64_t objects = 0; ///< an object that is there twice counts twice
  std::uint64_t packs = 0, loose = 0;
  std::int64_t last_use = 0; ///< when a mount last opened it or read from it, in seconds since 1970
};

/// Describes all stores below a cache folder in which something was kept. Errors as list_stores. Costs a stat for each
/// file.
result<std::vector<store_info>> cache_info(const std::filesystem::path& cache_dir);

/// The description as text, and as a JSON object: {"bytes", "cache_size", "repositories": [{"source", "path", "bytes",
/// "objects", "packs", "loose", "last_use"}]}. `bytes`: what the whole folder takes; it may take up to `quota`.
std::string info_text(const std::vector<store_info>& stores, std::uint64_t bytes, std::uint64_t quota);
std::string info_json(const std::vector<store_info>& stores, std::uint64_t bytes, std::uint64_t quota);

} // namespace gitfs
