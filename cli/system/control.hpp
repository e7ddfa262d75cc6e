// Asking a running mount about itself: what commands do. See control_commands.hpp for what can be asked.
//
// A mount is found by its device number, which the name of its control socket has. Who cannot see that socket, from a
// container say, asks through the mount itself (control::gate_command).
#pragma once

#include "actors/model/activity.hpp"
#include "actors/model/directory_location.hpp" // oid
#include "actors/model/mount_status.hpp"
#include "config/error.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

namespace gitfs {

// Errors of all of them: ENOTTY: `path` is in no mount of gitfs-actor; ENOTCONN: in one whose process has died;
// EPROTONOSUPPORT, ENOSYS: in one of a version that cannot answer; EACCES: the mount is somebody else's, who alone may
// ask that. The message says what to do.

/// What the mount at `path` has in memory of its trace, as a file would have it. ENODATA: it records nothing.
result<std::string> ask_trace(const std::filesystem::path& path);

/// What the mount at `path` reports.
result<std::map<std::string, std::uint64_t>> ask_report(const std::filesystem::path& path);

/// Has the mount at `path` look at what it follows below there, and waits until it shows that. A line for each; of
/// failures with a '!' before it.
result<std::string> ask_refresh(const std::filesystem::path& path, const std::string& below);

struct shown_object {
  oid id;
  std::string type; ///< as entry_attribute has it
  bool stored = false;
};
/// The object of `name` in the folder `path`; empty: the folder's own. ENOENT: there is none; ENODATA: nothing of the
/// folder is here.
result<shown_object> ask_object(const std::filesystem::path& path, const std::string& name);

struct brought_files {
  std::uint64_t files = 0, brought = 0, bytes = 0, links = 0, folders = 0; ///< `bytes`: of those that are here
  /// Paths, by their places in the list, that the mount leaves to the asker: folders, and links on the way.
  std::vector<std::size_t> left{};
  std::vector<std::pair<std::size_t, int>> failed{}; ///< with an errno
};
/// Has the mount bring the files that these paths and patterns below its folder `folder` name. EXDEV: the folder is
/// above the repositories; ENOTSUP: there is no server to bring anything from.
result<brought_files> ask_prefetch(const std::filesystem::path& folder, const std::vector<std::string>& paths);

/// What has been read below this folder of a mount, in the run that goes on or was the last: the text of a profile.
/// EXDEV: the folder is above the repositories; ENODATA: the mount records nothing.
result<std::string> ask_profile(const std::filesystem::path& folder);

/// How the mount at `path` stands.
result<mount_status> ask_status(const std::filesystem::path& path);

/// What the mount at `path` is doing.
result<activity> ask_activity(const std::filesystem::path& path);

/// Ends the mount at `path`, which is as the kernel's table has it. The process that does so, and ends then; 0 if it
/// cannot be named here. EBUSY: it is in use; EXDEV, EOPNOTSUPP: it cannot be ended from here so.
result<pid_t> ask_unmount(const std::filesystem::path& path);

/// The process that serves the mount at `path`, as the kernel tells who is behind its socket: so it is right in each
/// pid namespace, and also of a process that no longer answers. 0: there is none, or its socket cannot be seen from
/// here.
pid_t process_of_mount(const std::filesystem::path& path);

} // namespace gitfs
