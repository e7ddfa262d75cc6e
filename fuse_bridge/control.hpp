// Asking a running mount about itself: an ioctl on its root.
//
// It needs no socket and no file, works from any mount namespace that sees the mount, and whoever may read the mount
// may ask. (A restricted FUSE ioctl: the kernel copies the buffer whose size the command number states.)
#pragma once

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

/// What the mount at `path` reports. ENOTTY: not a mount of gitfs-actor; otherwise the error of opening it.
result<std::map<std::string, std::uint64_t>> ask_report(const std::filesystem::path& path);

} // namespace gitfs
