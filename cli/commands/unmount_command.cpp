#include "cli/commands/commands.hpp"

#include "cli/system/control.hpp"
#include "cli/system/mount_table.hpp"
#include "config/unique_fd.hpp"
#include "fuse_bridge/mountpoint.hpp"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

namespace gitfs {

namespace {

bool stands_elsewhere_here(dev_t device) {
  const auto all = mount_table();
  return std::ranges::any_of(all, [&](const mounted_at& each) { return each.device == device; });
}

// False: the process is still running.
bool wait_for_exit(pid_t process, std::chrono::milliseconds patience) {
  const unique_fd fd{static_cast<int>(::syscall(SYS_pidfd_open, process, 0))};
  if (!fd)
    return true; // the process has ended, or the kernel has no pidfd_open
  pollfd ended{fd.get(), POLLIN, 0};
  return ::poll(&ended, 1, static_cast<int>(patience.count())) != 0;
}

// Errors by which the mount refuses to end. After any other error (the mount's process is dead, is of another version,
// or does not see the mount at that path) this command unmounts the path itself.
bool is_final(const error& e) {
  return e.code == EBUSY || e.code == EACCES || e.code == ESHUTDOWN;
}

// Unmounts the path. Returns the mount's process, which ends after that; 0 if that is not known.
result<pid_t> end_mount(const std::filesystem::path& path) {
  auto answer = ask_unmount(path);
  if (answer || is_final(answer.error()))
    return answer;
  const pid_t process = process_of_mount(path);
  GITFS_TRYV(detach(path, false));
  return process;
}

// Ends the mount's process although the mount is in use. When the process has ended, the kernel ends the connection,
// and all copies of the mount with it.
result<void> end_process(const std::filesystem::path& path) {
  using namespace std::chrono_literals;
  const pid_t process = process_of_mount(path);
  GITFS_TRYV(detach(path, true));
  if (process == 0)
    return success();
  for (const int signal : {SIGTERM, SIGKILL}) {
    if (::kill(process, signal) != 0 && errno != ESRCH)
      return fail(errno, "cannot end process " + std::to_string(process) + " of the mount: " + std::strerror(errno));
    if (wait_for_exit(process, 5s))
      return success();
  }
  return fail(EBUSY, "process " + std::to_string(process) + " of the mount does not end: see its log, and 'dmesg'");
}

std::string held_by(const std::vector<mount_holder>& holders) {
  std::string out;
  for (const mount_holder& each : holders)
    out += (out.empty() ? "" : ", ") + std::string{"process "} + std::to_string(each.process) + " (" + each.program
           + ") at " + each.path;
  return out;
}

result<void> unmount(const unmount_options& options, const mounted_at& what) {
  using namespace std::chrono_literals;
  if (options.force)
    return end_process(what.path);
  GITFS_TRY(process, end_mount(what.path));
  if (process == 0 || stands_elsewhere_here(what.device))
    return success();
  if (wait_for_exit(process, 1s))
    return success();
  const std::string goes_on =
      what.path + " is unmounted, but process " + std::to_string(process) + " of the mount goes on, since ";
  const std::string cure = "; end that, or 'kill " + std::to_string(process) + "' to end the mount for all";
  if (const auto holders = holders_elsewhere(what.device); !holders.empty())
    return fail(EBUSY, goes_on + "another mount namespace (a container?) holds a copy: " + held_by(holders) + cure);
  if (wait_for_exit(process, 30s)) // the process may have to finish its files first
    return success();
  return fail(EBUSY, goes_on + "a mount namespace that cannot be seen from here may hold a copy" + cure);
}

// The mountpoints of this user, the latest first, so that a mount within another one ends before that one.
std::vector<std::filesystem::path> own_mountpoints() {
  std::vector<std::filesystem::path> out;
  for (const mounted_at& each : mount_table())
    if (each.type == "fuse.gitfs" && each.owner == ::geteuid())
      out.insert(out.begin(), each.path);
  return out;
}

result<void> unmount(const unmount_options& options, const std::filesystem::path& path) {
  const auto what = mounted_on(path);
  if (!what || !what->type.starts_with("fuse"))
    return fail(EINVAL, "nothing of gitfs-actor is mounted on " + path.string());
  return unmount(options, *what);
}

} // namespace

int run_unmount(const unmount_options& options) {
  const auto all = options.all ? own_mountpoints() : options.mountpoints;
  if (all.empty())
    std::fputs("nothing of yours is mounted\n", stdout);
  int out = 0;
  for (const std::filesystem::path& each : all)
    if (const auto done = unmount(options, each); !done) { // the others are unmounted all the same
      std::fprintf(stderr, "gitfs-actor: %s\n", done.error().message.c_str());
      out = 1;
    }
  return out;
}

} // namespace gitfs
