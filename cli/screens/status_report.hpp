// The reports that `gitfs-actor status` prints.
#pragma once

#include "actors/model/mount_status.hpp"

#include <span>
#include <string>
#include <utility>

namespace gitfs {

/// Mountpoints, each with the state of its mount. A mount whose process has died has only the fact "dead", which is a
/// sentence that says so and what to do.
using mount_statuses = std::span<const std::pair<std::string, mount_status>>;

/// Several lines for each mount, for people. Control characters are replaced, so the text cannot control a terminal.
std::string status_text(mount_statuses of, bool verbose);
/// The same with one line for each mount.
std::string status_lines(mount_statuses of);
/// A JSON array with an object for each mount, and a newline at its end.
std::string status_json(mount_statuses of);
/// True if the latest poll of some entry has failed, or the process of a mount has died.
bool has_failed(mount_statuses of);

} // namespace gitfs
