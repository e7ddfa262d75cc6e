#include "fuse_bridge/session_io.hpp"

#include "fuse_bridge/bridge.hpp"

#include <linux/fuse.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

namespace gitfs {

namespace {

// FUSE_NO_EXPORT_SUPPORT of FUSE 7.40, which the headers of Debian 12 do not have yet. libfuse calls it
// FUSE_CAP_NO_EXPORT_SUPPORT from 3.17 on; libfuse 3.14 has no name for it, and no room for flags beyond 32 bits.
constexpr std::uint64_t no_export_support = std::uint64_t{1} << 38;

// Reads what the kernel offers from the first request of a session, which is INIT.
void note_offers(bridge& to, const void* request, ssize_t size) {
  struct {
    fuse_in_header head;
    fuse_init_in body;
  } init{};
  if (size < static_cast<ssize_t>(sizeof init))
    return; // the INIT of an older kernel is shorter
  std::memcpy(&init, request, sizeof init);
  if (init.head.opcode == FUSE_INIT && (init.body.flags & FUSE_INIT_EXT) != 0)
    to.exports_can_be_refused = (std::uint64_t{init.body.flags2} << 32 & no_export_support) != 0;
}

// The first answer of a session is that to INIT, because the kernel sends nothing else before it has this answer.
void mend_init_answer(const bridge& of, const iovec& body) {
  fuse_init_out answer{};
  if (body.iov_len != sizeof answer)
    return;
  std::memcpy(&answer, body.iov_base, sizeof answer);
  answer.flags |= FUSE_PARALLEL_DIROPS;
  if (of.exports_can_be_refused) {
    answer.flags |= FUSE_INIT_EXT;
    answer.flags2 |= static_cast<std::uint32_t>(no_export_support >> 32);
  }
  std::memcpy(body.iov_base, &answer, sizeof answer);
}

ssize_t write_to_kernel(int fd, iovec* parts, int count, void* userdata) {
  bridge& b = *static_cast<bridge*>(userdata);
  if (!b.init_answered && !std::exchange(b.init_answered, true) && count == 2)
    mend_init_answer(b, parts[1]);
  return ::writev(fd, parts, count);
}

ssize_t read_from_kernel(int fd, void* to, size_t room, void* userdata) {
  const ssize_t got = ::read(fd, to, room);
  if (bridge& b = *static_cast<bridge*>(userdata); !b.init_answered)
    note_offers(b, to, got);
  return got;
}

} // namespace

int mend_answer_to_init(fuse_session* session) {
  fuse_custom_io io{};
  io.writev = write_to_kernel;
  io.read = read_from_kernel;
  return fuse_session_custom_io(session, &io, fuse_session_fd(session));
}

} // namespace gitfs
