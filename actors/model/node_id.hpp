// FUSE node ids and st_ino: two different numbers for one inode.
#pragma once

#include <cstdint>
#include <string_view>

namespace gitfs {

/// Index of a directory in the inode table.
using dir_slot = std::uint32_t;
inline constexpr dir_slot no_slot = ~dir_slot{0};
inline constexpr dir_slot root_slot = 0;

/// Numbers the releases of children by their parent. An "idle" that answers an earlier release is stale, because the
/// child may have been looked up, entered and forgotten again since.
using release_number = std::uint64_t;

/// Index of a dentry in its directory; `self_child` in a node id stands for the directory itself.
using child_index = std::uint32_t;
inline constexpr child_index self_child = 0;

/// A nodeid names the directory whose actor answers, and which child of it is meant. So a file costs the inode table
/// nothing, and the bridge finds the actor of any node with one array access.
struct node_id {
  dir_slot dir = 0;
  child_index child = self_child; ///< self_child, or 1 + index of the dentry

  /// FUSE wants 1 for the root and never 0, hence the + 1.
  std::uint64_t encoded() const { return ((std::uint64_t{dir} << 32) | child) + 1; }
  static node_id decode(std::uint64_t nodeid) {
    return {static_cast<dir_slot>((nodeid - 1) >> 32), static_cast<child_index>(nodeid - 1)};
  }
};

inline constexpr std::uint64_t root_ino = 1;

/// st_ino of an entry: a hash of its path, so that it is the same after FORGET and after a remount. FNV-1a over the
/// name, seeded by the directory's ino, then mixed as splitmix64 does so that all 64 bits depend on all of it.
inline std::uint64_t child_ino(std::uint64_t parent_ino, std::string_view name) {
  std::uint64_t h = 0xcbf29ce484222325U ^ (parent_ino * 0x9e3779b97f4a7c15U);
  for (char c : name)
    h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9U;
  h = (h ^ (h >> 27)) * 0x94d049bb133111ebU;
  h ^= h >> 31;
  return h > root_ino ? h : h + 2; // 0 means "no inode" to some programs, 1 is the root
}

} // namespace gitfs
