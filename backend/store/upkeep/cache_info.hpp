// What is in a cache folder, for people and programs.
#pragma once

#include "config/error.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace gitfs {

struct store_info {
  std::filesystem::path path;
  std::string source;        ///< the URL that it is of, without credentials; empty: its config is damaged
  std::uint64_t bytes = 0;   ///< of the disk, with everything that lies in it
  std::uint64_t objects = 0; ///< those that are there twice count twice
  std::uint64_t packs = 0, loose = 0;
  std::int64_t last_use = 0; ///< seconds since 1970: when a mount last opened it or read from it
};

/// Of every store below a cache folder; errors as list_stores. Costs a stat for each file.
result<std::vector<store_info>> cache_info(const std::filesystem::path& cache_dir);

/// As text, and as a JSON object: {"bytes", "cache_size", "repositories": [{"source", "path", "bytes", "objects",
/// "packs", "loose", "last_use"}]}. `bytes`: of the whole folder, which may be up to `quota`.
std::string info_text(const std::vector<store_info>& stores, std::uint64_t bytes, std::uint64_t quota);
std::string info_json(const std::vector<store_info>& stores, std::uint64_t bytes, std::uint64_t quota);

} // namespace gitfs
