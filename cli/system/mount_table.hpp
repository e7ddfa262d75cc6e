// The kernel's table of mounts.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace gitfs {

struct mounted_at {
  std::string path;
  std::string type; ///< "fuse.gitfs"
  dev_t device = 0; ///< st_dev of the files in the mount
  uid_t owner = 0;  ///< the user who has mounted; only of FUSE mounts
};

/// The mounts in /proc/self/mountinfo, in its order. Of two mounts at one path the later one covers the earlier.
std::vector<mounted_at> mount_table();

/// The innermost mount that holds the path. The path itself is not touched: a look-up in a mount of ours could fetch
/// something, and in a mount that does not answer it would wait for ever. The path is tried as it is spelled, then with
/// the symbolic links before its last name resolved. Only if neither is in a FUSE mount, all links are resolved.
std::optional<mounted_at> mount_of(const std::filesystem::path& path);

/// The topmost file system that is mounted exactly at `path`, or at the target of `path` if that is a symbolic link.
std::optional<mounted_at> mounted_on(const std::filesystem::path& path);

/// The path without symbolic links; empty if there is no such path. The mount at the path, whose process may be dead,
/// is not asked.
std::filesystem::path resolved(const std::filesystem::path& path);

/// A process of another mount namespace in which a mount still stands. A new namespace gets a copy of all mounts of the
/// one that it was made from, so a container that was started after the mount holds a copy.
struct mount_holder {
  pid_t process = 0;
  std::string program; ///< its name, as `ps` shows it
  std::string path;    ///< the mountpoint, as that process sees it
};

/// One process for each other mount namespace that has this device mounted. Namespaces that this process may not look
/// into are left out.
std::vector<mount_holder> holders_elsewhere(dev_t device);

} // namespace gitfs
