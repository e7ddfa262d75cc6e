// Locks between processes.
#pragma once

#include "config/unique_fd.hpp"

#include <filesystem>

namespace gitfs {

/// A lock on a file or folder (flock), held until destruction. It excludes other processes and other locks of this
/// process. The kernel drops it when the process ends.
class file_lock {
public:
  enum class mode { shared, exclusive };

  file_lock() = default;

  /// With `wait`, waits for the lock; else `held` says whether it was free. If locks do not work on that file system,
  /// or the file cannot be opened, the lock is never held.
  file_lock(const std::filesystem::path& path, mode how, bool wait);

  bool held() const { return static_cast<bool>(fd_); }
  /// Why the lock is not held. EWOULDBLOCK: somebody else holds it; otherwise the errno of the call that failed.
  int failure() const { return failure_; }

private:
  unique_fd fd_;
  int failure_ = 0;
};

} // namespace gitfs
