// Where the control sockets of mounts are.
#pragma once

#include "config/error.hpp"

#include <filesystem>
#include <string>
#include <sys/types.h>
#include <vector>

namespace gitfs::control {

/// The folder in which a mount of this process's user makes its socket; it is made if it is missing. It is the first of
/// these that can be used: /run/gitfs-actor for root, $XDG_RUNTIME_DIR/gitfs-actor, /tmp/gitfs-actor-UID. EPERM: the
/// last one belongs to another user.
result<std::filesystem::path> socket_folder();

/// Makes a folder for sockets if it is missing. Other users may enter it to connect. EPERM: other users may write to
/// it, so they could put another socket in place of ours.
result<std::filesystem::path> private_folder(const std::filesystem::path& folder);

/// The folders in which the socket of a mount of user `owner` may be. This process may belong to another user.
std::vector<std::filesystem::path> socket_folders_of(uid_t owner);

/// The name of a mount's socket. Mounts that exist at the same time have different device numbers.
std::string socket_name(dev_t device);

} // namespace gitfs::control
