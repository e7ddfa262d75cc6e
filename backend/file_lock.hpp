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

  /// Waits for the lock, or not: see `held`. Where locks do not work at all, none is ever held.
  file_lock(const std::filesystem::path& path, mode how, bool wait);
  ~file_lock();
  file_lock(file_lock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  file_lock& operator=(file_lock&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }

  bool held() const { return fd_ >= 0; }

private:
  int fd_ = -1;
};

} // namespace gitfs
