#include "backend/os/file_lock.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace gitfs {

file_lock::file_lock(const std::filesystem::path& path, mode how, bool wait) {
  fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const int operation = (how == mode::shared ? LOCK_SH : LOCK_EX) | (wait ? 0 : LOCK_NB);
  if (fd_ < 0)
    failure_ = errno;
  while (fd_ >= 0 && ::flock(fd_, operation) != 0)
    if (errno != EINTR) {
      failure_ = errno;
      ::close(fd_);
      fd_ = -1;
    }
}

file_lock::~file_lock() {
  if (fd_ >= 0)
    ::close(fd_);
}

} // namespace gitfs
