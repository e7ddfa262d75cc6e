#include "fuse_bridge/mount_failures.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <sstream>
#include <sys/mman.h>
#include <unistd.h>

namespace gitfs {

namespace {

constexpr std::string_view program = "fusermount3: ";
constexpr std::string_view before_program = "fuse: "; // libfuse in the child that is to become fusermount3

constexpr std::string_view no_privilege = "this process may not mount (it lacks CAP_SYS_ADMIN)";
constexpr std::string_view for_containers =
    "outside of containers run it as a user who may use fusermount3, or as root; a container needs '--device /dev/fuse "
    "--cap-add SYS_ADMIN' (and '--security-opt apparmor=unconfined' where AppArmor is on)";
constexpr std::string_view no_fusermount =
    "this process may not mount (it lacks CAP_SYS_ADMIN), and fusermount3, which may, cannot be run";
constexpr std::string_view for_fusermount = "install it ('apt-get install fuse3'), or mount as root";
constexpr std::string_view newline_missing = "missing newline at end of file";

constexpr std::array known_failures{
    mount_failure{"device not found", "", "/dev/fuse is missing",
                  "load the kernel's module ('modprobe fuse'); give a container the device: '--device /dev/fuse'"},
    mount_failure{"failed to open /dev/fuse", "", "/dev/fuse cannot be opened",
                  "its mode must let you read and write it ('chmod 666 /dev/fuse'), and a container must be given it: "
                  "'--device /dev/fuse'"},
    mount_failure{"only allowed if 'user_allow_other' is set", newline_missing,
                  "the last line of /etc/fuse.conf does not count, because there is no newline behind it",
                  "put one there: 'echo >>/etc/fuse.conf' as root"},
    mount_failure{"only allowed if 'user_allow_other' is set", "",
                  "the system lets only root give other users access (allow_other, allow_root)",
                  "put the line user_allow_other into /etc/fuse.conf, or mount without that option"},
    mount_failure{"too many FUSE filesystems mounted", "",
                  "there are as many mounts of users as the system allows together (mount_max)",
                  "unmount some ('findmnt -t fuse.gitfs' lists those of gitfs-actor), or raise it in /etc/fuse.conf: "
                  "'mount_max = 5000'"},
    mount_failure{"user has no write access to mountpoint", "", "you may not write to that folder",
                  "only root can mount on a folder of others: give one of yours"},
    mount_failure{"not owned by user", "", "that folder is another user's, and has the sticky bit",
                  "give one of yours"},
    mount_failure{"mounting over filesystem type", "", "fusermount3 mounts on no folder of that file system",
                  "give a folder of a usual one, as below your home folder"},
    mount_failure{"failed to access mountpoint", "", "the mountpoint cannot be reached by fusermount3",
                  "give a folder that root can reach, too"},
    mount_failure{"not found in", "", "another user has mounted it",
                  "only that user and root can take it away ('umount' as root)"},
    mount_failure{"failed to exec fusermount3", "", no_fusermount, for_fusermount},
    // libfuse from 3.17 on says "posix_spawn(p)() for fusermount3 failed: Permission denied".
    mount_failure{"for fusermount3 failed", "", no_fusermount, for_fusermount},
    mount_failure{"mount failed: Operation not permitted", "", no_privilege, for_containers},
    mount_failure{"mount failed: Permission denied", "", no_privilege, for_containers},
    mount_failure{"mount failed: No space left on device", "", "there are as many mounts as the system allows",
                  "unmount some, or raise fs.mount-max: 'sysctl fs.mount-max=200000'"},
    mount_failure{"mount failed: No such device", "", "this kernel has no FUSE",
                  "load its module ('modprobe fuse'), or build a kernel with CONFIG_FUSE_FS"},
};

bool can_run_fusermount() {
  if (::access("/usr/bin/fusermount3", X_OK) == 0) // where libfuse looks first
    return true;
  const char* const path = std::getenv("PATH");
  std::istringstream folders{path != nullptr ? path : ""};
  for (std::string each; std::getline(folders, each, ':');)
    if (!each.empty() && ::access((each + "/fusermount3").c_str(), X_OK) == 0)
      return true;
  return false;
}

} // namespace

std::span<const mount_failure> mount_failures() {
  return known_failures;
}

std::string explain_mount_failure(const std::string& said) {
  const auto says = [&](std::string_view part) { return said.find(part) != std::string::npos; };
  const auto row = std::ranges::find_if(known_failures,
                                        [&](const mount_failure& each) { return says(each.sign) && says(each.also); });
  if (row != known_failures.end())
    return std::string{row->cause} + ": " + std::string{row->cure} + " (" + said + ")";
  if (!said.empty())
    return said;
  if (!can_run_fusermount())
    return std::string{no_fusermount} + ": " + std::string{for_fusermount};
  return "fusermount3 has ended without a word: 'dmesg' may say why";
}

standard_error_of_fusermount::standard_error_of_fusermount()
  : file_(::memfd_create("fusermount3", MFD_CLOEXEC)),
    before_(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)) {
  std::fflush(stderr);
  if (!file_ || !before_ || ::dup2(file_.get(), STDERR_FILENO) < 0)
    before_.reset();
}

standard_error_of_fusermount::~standard_error_of_fusermount() {
  end();
}

std::string standard_error_of_fusermount::end() {
  if (!before_)
    return {};
  std::fflush(stderr);
  ::dup2(before_.get(), STDERR_FILENO);
  before_.reset();
  std::string text;
  std::array<char, 4096> part;
  for (ssize_t n; (n = ::pread(file_.get(), part.data(), part.size(), static_cast<off_t>(text.size()))) > 0;)
    text.append(part.data(), static_cast<std::size_t>(n));
  std::string out;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(program))
      (out += out.empty() ? "" : "; ") += line.substr(program.size());
    else if (line.starts_with(before_program))
      (out += out.empty() ? "" : "; ") += line;
    else
      std::fprintf(stderr, "%s\n", line.c_str());
  return out;
}

} // namespace gitfs
