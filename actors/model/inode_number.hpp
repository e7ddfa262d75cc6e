// The st_ino of entries of a repository: a function of the path alone.
#pragma once

#include "actors/model/path_key.hpp"

#include <cstdint>
#include <string_view>

namespace gitfs {

/// 0 means "no inode" to some programs, 1 is the root of the mount.
inline constexpr std::uint64_t root_ino = 1;

/// Programs in JavaScript keep numbers in doubles, and overlayfs puts the number of a layer into the highest bits.
inline constexpr unsigned inode_number_bits = 53;

/// The properties of a folder on which the numbers of its entries depend.
struct numbered_folder {
  path_key key = root_key;
  std::string_view name; ///< the last part of its path; empty: the root of the mount
};

/// The number is the same in every mount, after a remount, and whatever else is in the folder, because git reads a file
/// again whose number has changed. Within a folder the numbers ascend as the names do (bytes compared as unsigned) as
/// far as the first characters tell: `cp -r` opens files in the order of their numbers. `key`: child_key of the name.
std::uint64_t inode_number(const numbered_folder& folder, std::string_view name, path_key key);

} // namespace gitfs
