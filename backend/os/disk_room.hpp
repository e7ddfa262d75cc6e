// What a disk has free, and which errors mean that it takes no more.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace gitfs {

/// The room of a file system for this user, in bytes.
struct disk_room {
  std::uint64_t free = 0, total = 0;

  /// The file system that `path` is on, or will be on. None: it cannot be asked, or does not say.
  static std::optional<disk_room> of(const std::filesystem::path& path);
};

/// True for errors that say nothing about what was written, but that this place takes no more of it: it is full, over a
/// quota, over RLIMIT_FSIZE, read-only, gone, or fails.
bool is_failure_of_disk(int code);

/// Those of them that pass when other files are removed.
bool is_want_of_room(int code);

} // namespace gitfs
