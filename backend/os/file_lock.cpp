#include "backend/os/file_lock.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>

namespace gitfs {

file_lock::file_lock(const std::filesystem::path& path, mode how, bool wait) {
  fd_.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const int operation = (how == mode::shared ? LOCK_SH : LOCK_EX) | (wait ? 0 : LOCK_NB);
  if (!fd_)
    failure_ = errno;
  while (fd_ && ::flock(fd_.get(), operation) != 0)
    if (errno != EINTR) {
      failure_ = errno;
      fd_.reset();
    }
}

} // namespace gitfs
