// Locks between processes.
#pragma once

#include <filesystem>
#include <utility>

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
  ~file_lock();
  file_lock(file_lock&& other) noexcept : fd_(std::exchange(other.fd_, -1)), failure_(other.failure_) {}
  file_lock& operator=(file_lock&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(failure_, other.failure_);
    return *this;
  }

  bool held() const { return fd_ >= 0; }
  /// Why it is not held: EWOULDBLOCK: somebody else holds it; otherwise the errno of what failed.
  int failure() const { return failure_; }

private:
  int fd_ = -1;
  int failure_ = 0;
};

} // namespace gitfs
