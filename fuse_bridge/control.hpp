// Asking a running mount about itself: an ioctl on its root.
//
// It needs no socket and no file, works from any mount namespace that sees the mount, and whoever may read the mount
// may ask. (A restricted FUSE ioctl: the kernel copies the buffer whose size the command number states.)
#pragma once

#include "actors/activity.hpp"
#include "actors/mount_status.hpp"
#include "actors/trace/trace_format.hpp"
#include "config/error.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <sys/ioctl.h>
#include <sys/types.h>

namespace gitfs {

inline constexpr std::size_t report_size = 8192;

struct report_buffer {
  char text[report_size]; ///< lines "name value"; ends with a zero byte
};

inline constexpr unsigned long report_command = _IOR('g', 0x47, report_buffer);

/// One block of the trace in memory: it takes one question for each.
struct trace_chunk {
  std::uint64_t index;                  ///< asked: which block
  std::uint32_t blocks;                 ///< how many there are; 0: nothing is recorded
  std::uint32_t length;                 ///< of `block`; 0: nothing is in it
  char header[trace::file_header_size]; ///< what a file of such blocks begins with
  char block[trace::block_size];
};
static_assert(sizeof(trace_chunk) < 1U << _IOC_SIZEBITS);

inline constexpr unsigned long trace_command = _IOWR('g', 0x48, trace_chunk);

/// What the mount is doing right now: see activity.hpp. Its actors answer in turn, so it waits for those that are busy.
struct activity_buffer {
  char text[12288]; ///< lines; ends with a zero byte
};

inline constexpr unsigned long activity_command = _IOR('g', 0x49, activity_buffer);

/// Asked of a folder: the object of one of its entries, see entry_attribute.
struct object_buffer {
  char text[512]; ///< asked: the entry's name; the answer: that attribute, and " 1" if it is on this machine, else " 0"
};

inline constexpr unsigned long object_command = _IOWR('g', 0x4a, object_buffer);

/// Asked: the path below the mountpoint that is in the entry to be looked at, empty: all; the answer: refresh_report.
struct refresh_buffer {
  char text[12288];
};

inline constexpr unsigned long refresh_command = _IOWR('g', 0x4b, refresh_buffer);

/// How the mount stands, in as many answers as it takes: see mount_status.
struct status_buffer {
  std::uint64_t from; ///< asked: the first entry that is to be told
  char text[14336];   ///< lines; ends with a zero byte
};
static_assert(sizeof(status_buffer) < 1U << _IOC_SIZEBITS);

inline constexpr unsigned long status_command = _IOWR('g', 0x4c, status_buffer);

/// In the mount: answers the question in `chunk`.
void answer_trace(trace_chunk& chunk);

/// What the mount at `path` has in memory of its trace, as a file would have it. EACCES: the mount is somebody else's;
/// ENODATA: it records nothing; the others as ask_report.
result<std::string> ask_trace(const std::filesystem::path& path);

/// What the mount at `path` reports. ENOTTY: not a mount of gitfs-actor; otherwise the error of opening it.
result<std::map<std::string, std::uint64_t>> ask_report(const std::filesystem::path& path);

/// Has the mount at `path` look at what it follows, and waits until it shows that. A line for each; of failures with a
/// '!' before it. Errors as ask_report.
result<std::string> ask_refresh(const std::filesystem::path& path, const std::string& below);

struct shown_object {
  oid id;
  std::string type; ///< as entry_attribute has it
  bool stored = false;
};
/// The object of `name` in the folder `path`; empty: the folder's own. ENOENT: there is none; the others as ask_report.
result<shown_object> ask_object(const std::filesystem::path& path, const std::string& name);

/// How the mount at `path` stands. Errors as ask_trace.
result<mount_status> ask_status(const std::filesystem::path& path);

/// What the mount at `path` is doing. Errors as ask_report.
result<activity> ask_activity(const std::filesystem::path& path);

} // namespace gitfs
