#include "cli/commands/commands.hpp"
#include "config/unique_fd.hpp"

#include "cli/system/control.hpp"
#include "cli/system/mount_table.hpp"
#include "fuse_bridge/mountpoint.hpp"

#include <cerrno>
#include <cstdio>
#include <poll.h>
#include <string>
#include <sys/syscall.h>
#include <unistd.h>

namespace gitfs {

namespace {

// The type of the topmost file system mounted exactly there; empty: none.
std::string type_mounted_at(const std::string& path) {
  std::string type;
  for (const mounted_at& each : mount_table())
    if (each.path == path)
      type = each.type;
  return type;
}

void wait_for_exit(pid_t process) {
  const unique_fd fd{static_cast<int>(::syscall(SYS_pidfd_open, process, 0))};
  if (!fd)
    return; // gone, or an older kernel
  constexpr int patience_ms = 30'000;
  pollfd ended{fd.get(), POLLIN, 0};
  ::poll(&ended, 1, patience_ms);
}

// Reasons for which only the mount can be right. All others (its process is dead, or of another version, or does not
// see the mount there) leave it to us.
bool is_final(const error& e) {
  return e.code == EBUSY || e.code == EACCES || e.code == ESHUTDOWN;
}

// The process that ends with it; 0: none, or none that is known here.
result<pid_t> end_mount(const std::filesystem::path& path) {
  auto asked = ask_unmount(path);
  if (asked || is_final(asked.error()))
    return asked;
  const auto report = ask_report(path);
  GITFS_TRYV(detach(path, false));
  const bool known = report && report.value().contains("process");
  return known ? static_cast<pid_t>(report.value().at("process")) : 0;
}

} // namespace

int run_unmount(const unmount_options& options) {
  // The parent's links are resolved, as the kernel's table has them; the mountpoint itself may be dead.
  std::error_code code;
  auto folder = std::filesystem::canonical(options.mountpoint.parent_path(), code);
  const auto path = code ? options.mountpoint : folder / options.mountpoint.filename();
  const std::string type = type_mounted_at(path.string());
  if (!type.starts_with("fuse")) {
    std::fprintf(stderr, "gitfs-actor: nothing of gitfs-actor is mounted on %s\n", path.c_str());
    return 1;
  }
  const auto ended = end_mount(path);
  if (!ended) {
    std::fprintf(stderr, "gitfs-actor: %s\n", ended.error().message.c_str());
    return 1;
  }
  if (ended.value() != 0) // it has some tidying to do
    wait_for_exit(ended.value());
  return 0;
}

} // namespace gitfs
