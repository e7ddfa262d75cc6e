// What `gitfs-actor status` prints.
#pragma once

#include "actors/model/mount_status.hpp"

#include <span>
#include <string>
#include <utility>

namespace gitfs {

/// By mountpoint. One whose process has died has only the fact "dead": a sentence that says so, and what to do.
using asked_mounts = std::span<const std::pair<std::string, mount_status>>;

/// Lines for people; a terminal obeys nothing in them.
std::string status_text(asked_mounts of, bool verbose);
/// The same with a line for each mount.
std::string status_lines(asked_mounts of);
/// An array with an object each; ends with a newline.
std::string status_json(asked_mounts of);
/// The latest look at some entry has failed, or a mount is dead.
bool has_failed(asked_mounts of);

} // namespace gitfs
