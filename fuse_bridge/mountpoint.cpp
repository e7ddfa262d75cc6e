#include "fuse_bridge/mountpoint.hpp"

#include "config/log.hpp"
#include "fuse_bridge/mount_failures.hpp"

#include <cerrno>
#include <cstring>
#include <spawn.h>
#include <string>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace gitfs {

namespace fs = std::filesystem;

namespace {

// Only root may call umount(2). For other users the setuid helper by which libfuse mounts also unmounts.
int run_fusermount(const fs::path& path, bool lazy, std::string& said) {
  const std::string option = lazy ? "-uz" : "-u";
  std::string program = "fusermount3", target = path.string();
  char* argv[] = {program.data(), const_cast<char*>(option.c_str()), target.data(), nullptr};
  pid_t child = 0;
  standard_error_of_fusermount words;
  if (::posix_spawnp(&child, "fusermount3", nullptr, nullptr, argv, environ) != 0)
    return ENOENT;
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  said = words.end();
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
    return 0;
  return said.find("busy") != std::string::npos ? EBUSY : EPERM;
}

} // namespace

// Asks with statfs, which no cache of the kernel answers. The kernel still knows attributes and listing of a dead root.
bool is_dead(const fs::path& path) {
  struct statfs ignored {};
  // ECONNABORTED: the process ended during this call
  return ::statfs(path.c_str(), &ignored) != 0 && (errno == ENOTCONN || errno == ECONNABORTED);
}

result<void> detach(const fs::path& path, bool lazy) {
  int code = 0;
  std::string said;
  if (::geteuid() == 0)
    code = ::umount2(path.c_str(), UMOUNT_NOFOLLOW | (lazy ? MNT_DETACH : 0)) == 0 ? 0 : errno;
  else
    code = run_fusermount(path, lazy, said);
  if (code == 0)
    return success();
  if (code == EBUSY)
    return fail(code, path.string() + " is in use: leave it (open files, working directories; 'fuser -vm "
                          + path.string() + "' lists them) and try again");
  if (::geteuid() != 0)
    return fail(code, "cannot unmount " + path.string() + ": " + explain_mount_failure(said));
  return fail(code, "cannot unmount " + path.string() + ": " + std::strerror(code));
}

result<mountpoint> mountpoint::prepare(const fs::path& path) {
  mountpoint out;
  out.path_ = path;
  struct stat st {};
  while (is_dead(path)) { // several dead mounts may be stacked
    log::warn("{}: detaching what a mount process that died has left", path.string());
    GITFS_TRYV(detach(path, true));
  }
  if (::stat(path.c_str(), &st) != 0) {
    if (errno != ENOENT)
      return fail(errno, "cannot use the mountpoint " + path.string() + ": " + std::strerror(errno));
    if (::mkdir(path.c_str(), 0755) != 0)
      return fail(errno, "cannot make the mountpoint " + path.string() + ": " + std::strerror(errno)
                             + (errno == ENOENT ? " (its parent folder does not exist)" : ""));
    out.made_ = true;
    return out;
  }
  if (!S_ISDIR(st.st_mode))
    return fail(ENOTDIR, "the mountpoint " + path.string() + " is not a directory");
  std::error_code code;
  const bool empty = fs::is_empty(path, code);
  if (code)
    return fail(code.value(), "cannot read the mountpoint " + path.string() + ": " + code.message());
  if (!empty)
    return fail(ENOTEMPTY, "the mountpoint " + path.string()
                               + " is not empty: a mount would hide what is in it; give an empty or new directory");
  return out;
}

mountpoint::mountpoint(mountpoint&& other) noexcept
  : path_(std::move(other.path_)),
    made_(std::exchange(other.made_, false)) {}

mountpoint::~mountpoint() {
  if (made_)
    ::rmdir(path_.c_str()); // only ever removes an empty directory
}

} // namespace gitfs
