#include "fuse_bridge/session_io.hpp"

#include "fuse_bridge/bridge.hpp"

#include <linux/fuse.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace gitfs {

namespace {

// The first answer of a session is that to INIT, because the kernel sends nothing else before it has this answer.
void mend_answer_to_init(const iovec& body) {
  fuse_init_out answer{};
  if (body.iov_len != sizeof answer)
    return;
  std::memcpy(&answer, body.iov_base, sizeof answer);
  answer.flags |= FUSE_PARALLEL_DIROPS;
  std::memcpy(body.iov_base, &answer, sizeof answer);
}

ssize_t write_to_kernel(int fd, iovec* parts, int count, void* userdata) {
  bool& answered = static_cast<bridge*>(userdata)->init_answered;
  if (!answered && !std::exchange(answered, true) && count == 2)
    mend_answer_to_init(parts[1]);
  return ::writev(fd, parts, count);
}

ssize_t read_from_kernel(int fd, void* to, size_t room, void*) {
  return ::read(fd, to, room);
}

} // namespace

int allow_parallel_dirops(fuse_session* session) {
  fuse_custom_io io{};
  io.writev = write_to_kernel;
  io.read = read_from_kernel;
  return fuse_session_custom_io(session, &io, fuse_session_fd(session));
}

} // namespace gitfs
