// What `gitfs-actor status` prints.
#pragma once

#include "actors/model/mount_status.hpp"

#include <span>
#include <string>
#include <utility>

namespace gitfs {

/// By mountpoint. One whose process has died has only the fact "dead": a sentence that says so, and what to do.
using mount_statuses = std::span<const std::pair<std::string, mount_status>>;

/// Lines for people; a terminal obeys nothing in them.
std::string status_text(mount_statuses of, bool verbose);
/// The same with a line for each mount.
std::string status_lines(mount_statuses of);
/// An array with an object each; ends with a newline.
std::string status_json(mount_statuses of);
/// The latest look at some entry has failed, or a mount is dead.
bool has_failed(mount_statuses of);

} // namespace gitfs
