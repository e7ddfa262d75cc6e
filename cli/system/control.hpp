// How commands ask a running mount about itself. control_commands.hpp has the list of questions.
//
// The name of a mount's control socket has the mount's device number, by which the socket is found. A command that
// cannot see the socket, for example in a container, asks through the mount itself (control::gate_command).
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

// Each of these functions may fail so: ENOTTY: `path` is in no mount of gitfs-actor; ENOTCONN: the mount's process has
// died; EPROTONOSUPPORT, ENOSYS: the mount is of a version that does not know the question; EACCES: only the owner of
// the mount may ask this. The message says what to do.

/// The part of its trace that the mount at `path` keeps in memory, as the bytes of a trace file. ENODATA: the mount
/// records nothing.
result<std::string> ask_trace(const std::filesystem::path& path);

/// The counters of the mount at `path`.
result<std::map<std::string, std::uint64_t>> ask_report(const std::filesystem::path& path);

/// Has the mount at `path` poll each ref that it follows at or below `below`, and waits until the mount shows the
/// commits that these refs name now. Returns a line for each ref; the line of a failure begins with '!'.
result<std::string> ask_refresh(const std::filesystem::path& path, const std::string& below);

struct shown_object {
  oid id;
  std::string type; ///< as entry_attribute has it
  bool stored = false;
};
/// The object that stands behind `name` in the folder `path`; with an empty name, the folder's own object. ENOENT:
/// there is no such name; ENODATA: the mount has no listing of the folder.
result<shown_object> ask_object(const std::filesystem::path& path, const std::string& name);

struct brought_files {
  /// `bytes`: the size of the files that are on this machine now.
  std::uint64_t files = 0, brought = 0, bytes = 0, links = 0, folders = 0;
  /// Indexes into `paths` of those that the mount does not fetch, and the caller has to walk: folders, and paths that
  /// lead through a symbolic link.
  std::vector<std::size_t> left{};
  std::vector<std::pair<std::size_t, int>> failed{}; ///< an index into `paths` and an errno
};
/// Has the mount fetch the files that these paths and patterns below its folder `folder` name. EXDEV: the folder is
/// above the repositories; ENOTSUP: the repository has no server.
result<brought_files> ask_prefetch(const std::filesystem::path& folder, const std::vector<std::string>& paths);

/// What has been read below this folder of a mount, in the run that goes on or was the last: the text of a profile.
/// EXDEV: the folder is above the repositories; ENODATA: the mount records nothing.
result<std::string> ask_profile(const std::filesystem::path& folder);

/// The state of the mount at `path`, as `gitfs-actor status` prints it.
result<mount_status> ask_status(const std::filesystem::path& path);

/// The work that the mount at `path` is doing now, as `gitfs-actor top` shows it.
result<activity> ask_activity(const std::filesystem::path& path);

/// Has the mount at `path` unmount itself. `path` is spelled as in the kernel's table of mounts. Returns the mount's
/// process, which ends after that; 0 if the process has no number in this pid namespace. EBUSY: the mount is in use;
/// EXDEV, EOPNOTSUPP: the mount cannot unmount this path itself.
result<pid_t> ask_unmount(const std::filesystem::path& path);

/// The process that serves the mount at `path`. The kernel names the process behind the control socket, so the number
/// is right in every pid namespace, and also if the process no longer answers. 0: there is no such process, or this
/// process cannot see the socket.
pid_t process_of_mount(const std::filesystem::path& path);

} // namespace gitfs
