// The owner of a file descriptor. Here, because every layer has some.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace gitfs {

/// Closes its descriptor, without touching errno: so a failure can be told after it. Less than 0: it has none, and
/// errno of the call that gave that says why.
class unique_fd {
public:
  unique_fd() = default;
  explicit unique_fd(int fd) : fd_(fd) {}
  unique_fd(unique_fd&& other) noexcept : fd_(other.release()) {}
  unique_fd& operator=(unique_fd&& other) noexcept {
    reset(other.release());
    return *this;
  }
  ~unique_fd() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

  /// It is the caller's now.
  int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1) {
    if (fd_ >= 0) {
      const int code = errno;
      ::close(fd_);
      errno = code;
    }
    fd_ = fd;
  }

private:
  int fd_ = -1;
};

} // namespace gitfs
