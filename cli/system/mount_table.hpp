// What is mounted where.
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
  dev_t device = 0; ///< st_dev of what is in it
  uid_t owner = 0;  ///< of a FUSE mount: who has mounted it
};

/// /proc/self/mountinfo, in its order: of two at one path the later one covers the earlier.
std::vector<mounted_at> mount_table();

/// The innermost mount that holds the path. Told without touching the path: in a mount of ours looking it up could
/// fetch it, and in one that does not answer wait for ever. Links on the way are resolved, but for the last name,
/// unless the path itself is none.
std::optional<mounted_at> mount_of(const std::filesystem::path& path);

/// The topmost file system that is mounted exactly there, or where `path` is a symbolic link to.
std::optional<mounted_at> mounted_on(const std::filesystem::path& path);

/// Without symbolic links; empty if there is no such path. Does not ask what is mounted there, which may be dead.
std::filesystem::path resolved(const std::filesystem::path& path);

/// A process of another mount namespace in which a mount still stands. A namespace keeps the mounts of the one that it
/// was made from, so a container that was started meanwhile holds a copy.
struct mount_holder {
  pid_t process = 0;
  std::string program; ///< its name, as `ps` shows it
  std::string path;    ///< of the mount, as that process sees it
};

/// One process for each other mount namespace that has this device mounted, as far as this process may look into them.
std::vector<mount_holder> holders_elsewhere(dev_t device);

} // namespace gitfs
