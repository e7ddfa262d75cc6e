// The directory that a mount covers.
#pragma once

#include "config/error.hpp"

#include <filesystem>

namespace gitfs {

/// Makes the mountpoint if it is missing, and removes it again at the end if it did.
class mountpoint {
public:
  /// ENOTDIR, ENOTEMPTY, EACCES, …: not an empty directory, or it cannot be made. A mount that a dead process left
  /// there (ENOTCONN) is detached first.
  static result<mountpoint> prepare(const std::filesystem::path& path);

  mountpoint(mountpoint&& other) noexcept;
  mountpoint& operator=(mountpoint&&) = delete;
  ~mountpoint();

private:
  mountpoint() = default;

  std::filesystem::path path_;
  bool made_ = false;
};

/// True if a FUSE file system is mounted there whose process has ended.
bool is_dead(const std::filesystem::path& path);

/// Detaches whatever FUSE file system is mounted at `path`. `lazy`: also one that is in use.
result<void> detach(const std::filesystem::path& path, bool lazy);

} // namespace gitfs
