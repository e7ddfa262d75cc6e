// Locks between processes.
#pragma once

#include "config/unique_fd.hpp"

#include <filesystem>

namespace gitfs {

/// A lock on a file or folder (flock), held until destruction. Other processes, and other locks of this one, see it;
/// the kernel drops it with the process.
class file_lock {
public:
  enum class mode { shared, exclusive };

  file_lock() = default;

  /// Waits for the lock, or not: see `held`. Where locks do not work at all, or the file cannot be opened, none is ever
  /// held.
  file_lock(const std::filesystem::path& path, mode how, bool wait);

  bool held() const { return static_cast<bool>(fd_); }
  /// Why it is not held: EWOULDBLOCK: somebody else holds it; otherwise the errno of what failed.
  int failure() const { return failure_; }

private:
  unique_fd fd_;
  int failure_ = 0;
};

} // namespace gitfs
