// What lies on the disk in a store: which files, how much room they take, and taking them away.
#pragma once

#include "backend/git/oid.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <vector>

namespace gitfs {

/// A file as it was seen: whether it is still the same is asked before it is removed.
struct seen_file {
  std::filesystem::path path;
  std::uint64_t bytes = 0;  ///< of the disk
  std::int64_t changed = 0; ///< seconds since 1970
  std::uint64_t inode = 0;
};

struct seen_loose : seen_file {
  oid id;
};

/// `path` is the index, `bytes` are of all files of the pack.
struct seen_pack : seen_file {
  bool kept = false; ///< somebody has put a .keep beside it, as git's documentation advises: left alone
};

struct store_files {
  std::filesystem::path store;
  std::vector<seen_pack> packs;
  std::vector<seen_loose> loose;
};

/// Costs a stat for each file.
store_files list_files(const std::filesystem::path& store);

/// One pack, by its index; none if there is none.
std::optional<seen_pack> see_pack(const std::filesystem::path& index);

/// Bytes of the disk that everything below a folder takes, and the folders themselves.
std::uint64_t disk_use(const std::filesystem::path& folder);

/// Removes packs as they were seen: one that has come anew since stays. Readers that have one open go on with it; to
/// others it is a miss. `away` empty: they are deleted; else moved there. Gives how many went.
std::size_t remove_packs(const std::filesystem::path& store, std::span<const seen_pack> packs,
                         const std::filesystem::path& away = {});

/// The same for loose objects.
std::size_t remove_loose(const std::filesystem::path& store, std::span<const seen_loose> objects);

/// Moves a file, or where nothing can be moved deletes it: what is damaged is better gone than met again.
void move_away(const std::filesystem::path& file, const std::filesystem::path& to);

} // namespace gitfs
