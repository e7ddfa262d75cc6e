// The key of a path, by which traces, the prefetcher and inode numbers know it.
#pragma once

#include <cstdint>
#include <string_view>

namespace gitfs {

/// A hash of a path in the mount. Records of traces carry those of directories, so it never changes from version to
/// version.
using path_key = std::uint64_t;
inline constexpr path_key root_key = 1;

/// FNV-1a over the name, seeded by the directory's key, then mixed as splitmix64 does so that all 64 bits depend on all
/// of it.
inline path_key child_key(path_key directory, std::string_view name) {
  std::uint64_t h = 0xcbf29ce484222325U ^ (directory * 0x9e3779b97f4a7c15U);
  for (char c : name)
    h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9U;
  h = (h ^ (h >> 27)) * 0x94d049bb133111ebU;
  h ^= h >> 31;
  return h > root_key ? h : h + 2; // 0 stands for none, 1 is the root
}

} // namespace gitfs
