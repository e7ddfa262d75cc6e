// Where the control sockets of mounts are.
#pragma once

#include "config/error.hpp"

#include <filesystem>
#include <string>
#include <sys/types.h>
#include <vector>

namespace gitfs::control {

/// The folder in which a mount of this process's user makes its socket; it is made if it is missing. In this order:
/// /run/gitfs-actor for root, $XDG_RUNTIME_DIR/gitfs-actor, /tmp/gitfs-actor-UID. EPERM: that one is somebody else's.
result<std::filesystem::path> socket_folder();

/// That folder, made if it is missing. Others may go in, to ask; who could write there could put another socket in
/// place of ours: EPERM.
result<std::filesystem::path> private_folder(const std::filesystem::path& folder);

/// Where the socket of a mount of user `owner` may be, which another process of perhaps another user has made.
std::vector<std::filesystem::path> socket_folders_of(uid_t owner);

/// The socket's name: mounts that are there at the same time have different device numbers.
std::string socket_name(dev_t device);

} // namespace gitfs::control
