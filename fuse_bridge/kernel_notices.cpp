#include "fuse_bridge/kernel_notices.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <pthread.h>
#include <span>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utility>

namespace gitfs {

namespace {

// As in the kernel's fuse.h of 7.45, which is newer than the headers here.
constexpr std::int32_t notify_prune = 9;
struct out_header {
  std::uint32_t len;
  std::int32_t code;
  std::uint64_t unique; // 0: a notification
};
struct prune_out {
  std::uint32_t count;
  std::uint32_t padding;
  std::uint64_t spare;
};

/// 0 or an errno.
int prune(int connection, std::span<const std::uint64_t> nodeids) {
  const prune_out body{static_cast<std::uint32_t>(nodeids.size()), 0, 0};
  const out_header head{static_cast<std::uint32_t>(sizeof(out_header) + sizeof body + nodeids.size_bytes()),
                        notify_prune, 0};
  iovec parts[] = {{const_cast<out_header*>(&head), sizeof head},
                   {const_cast<prune_out*>(&body), sizeof body},
                   {const_cast<std::uint64_t*>(nodeids.data()), nodeids.size_bytes()}};
  return ::writev(connection, parts, 3) >= 0 ? 0 : errno;
}

// fspick(2) and fsconfig(2) without glibc, which has them since 2.36 only.
int reconfigure(const std::filesystem::path& mountpoint) {
  constexpr unsigned close_on_exec = 1, command_reconfigure = 7;
  const int context = static_cast<int>(::syscall(SYS_fspick, AT_FDCWD, mountpoint.c_str(), close_on_exec));
  if (context < 0)
    return errno;
  const long done = ::syscall(SYS_fsconfig, context, command_reconfigure, nullptr, nullptr, 0);
  const int code = done == 0 ? 0 : errno;
  ::close(context);
  return code;
}

} // namespace

kernel_notices::kernel_notices(int connection, std::filesystem::path mountpoint)
  : connection_(connection),
    mountpoint_(std::move(mountpoint)),
    thread_([this] { work(); }) {}

kernel_notices::~kernel_notices() {
  {
    std::lock_guard guard{lock_};
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void kernel_notices::forget(std::vector<std::uint64_t> nodeids) {
  if (nodeids.empty())
    return;
  {
    std::lock_guard guard{lock_};
    waiting_.insert(waiting_.end(), nodeids.begin(), nodeids.end());
  }
  changed_.notify_one();
}

void kernel_notices::work() {
  pthread_setname_np(pthread_self(), "fuse_notices");
  std::unique_lock guard{lock_};
  while (true) {
    changed_.wait(guard, [this] { return ending_ || !waiting_.empty(); });
    if (ending_)
      return;
    const auto nodeids = std::exchange(waiting_, {});
    guard.unlock();
    tell(nodeids);
    guard.lock();
  }
}

void kernel_notices::tell(const std::vector<std::uint64_t>& nodeids) {
  constexpr std::size_t batch = 512; // as the kernel takes them; the connection's lock is held for one
  if (method_ == method::prune) {
    for (std::size_t at = 0; at < nodeids.size(); at += batch) {
      const int code = prune(connection_, std::span{nodeids}.subspan(at, std::min(batch, nodeids.size() - at)));
      if (code == EINVAL || code == ENOSYS) {
        method_ = method::reconfigure; // an older kernel does not know this notification
        break;
      }
      if (code != 0)
        return; // ENOTCONN: the mount is ending
    }
  }
  if (method_ == method::reconfigure)
    if (const int code = reconfigure(mountpoint_); code != 0) {
      method_ = method::none;
      spdlog::warn("the kernel cannot be asked to forget what it has cached ({}): memory grows with the files that were "
                   "visited, until it is short in the whole system",
                   std::strerror(code));
    }
}

} // namespace gitfs
