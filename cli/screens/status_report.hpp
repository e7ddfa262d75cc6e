// What `gitfs-actor status` prints.
#pragma once

#include "actors/model/mount_status.hpp"

#include <span>
#include <string>
#include <utility>

namespace gitfs {

/// By mountpoint.
using asked_mounts = std::span<const std::pair<std::string, mount_status>>;

/// Lines for people; a terminal obeys nothing in them.
std::string status_text(asked_mounts of, bool verbose);
/// An array with an object each; ends with a newline.
std::string status_json(asked_mounts of);

} // namespace gitfs
