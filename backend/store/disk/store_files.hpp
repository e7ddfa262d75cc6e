// Lists the files of a store with the room that they take, and removes them.
#pragma once

#include "backend/git/oid.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <vector>

namespace gitfs {

/// A file as it was when it was listed. Before it is removed, it is checked whether the file is still the same.
struct seen_file {
  std::filesystem::path path;
  std::uint64_t bytes = 0;  ///< bytes of the disk that it takes
  std::int64_t changed = 0; ///< seconds since 1970
  std::uint64_t inode = 0;
};

struct seen_loose : seen_file {
  oid id;
};

/// `path` is the pack's index; `bytes` is the sum over all files of the pack.
struct seen_pack : seen_file {
  bool kept = false; ///< it has a file .keep beside it, by which git marks packs that must not be touched
};

struct store_files {
  std::filesystem::path store;
  std::vector<seen_pack> packs;
  std::vector<seen_loose> loose;
};

/// Lists the packs and loose objects of a store. Costs a stat for each file.
store_files list_files(const std::filesystem::path& store);

/// The pack with that index. None: there is no such pack.
std::optional<seen_pack> see_pack(const std::filesystem::path& index);

/// The bytes of the disk that a folder takes, with everything below it and the folders themselves.
std::uint64_t disk_use(const std::filesystem::path& folder);

/// Removes packs that are still as they were listed; a pack that was written anew since stays. Readers that have a
/// removed pack open can go on reading it; to others it is a miss. `away` empty: the packs are deleted; else they are
/// moved there. Returns how many were removed.
std::size_t remove_packs(const std::filesystem::path& store, std::span<const seen_pack> packs,
                         const std::filesystem::path& away = {});

/// The same for loose objects.
std::size_t remove_loose(const std::filesystem::path& store, std::span<const seen_loose> objects);

/// Moves a damaged file away. If it cannot be moved it is deleted, so that nobody meets it again.
void move_away(const std::filesystem::path& file, const std::filesystem::path& to);

} // namespace gitfs
