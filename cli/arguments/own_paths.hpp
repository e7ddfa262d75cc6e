// Checks that no path that a mount's process writes to is in the mount itself.
#pragma once

#include "config/error.hpp"
#include "config/options.hpp"

#include <filesystem>
#include <string>

namespace gitfs {

/// EINVAL: a file or folder that the process would write to is at or below the mountpoint, perhaps through symbolic
/// links. The process would wait for its own answer there. The message names both paths and the option. An empty
/// mountpoint is never refused.
result<void> refuse_own_paths_below_mountpoint(const mount_options& options);

/// The same for one path. `what`: "the cache folder"; `remedy`: "name another by --cache-dir".
result<void> refuse_below_mountpoint(const std::filesystem::path& mountpoint, const std::filesystem::path& path,
                                     const std::string& what, const std::string& remedy);

} // namespace gitfs
