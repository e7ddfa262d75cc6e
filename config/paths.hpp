// Where things are kept on this machine.
#pragma once

#include "config/error.hpp"

#include <filesystem>
#include <string_view>

namespace gitfs {

/// $XDG_CACHE_HOME/gitfs-actor, or ~/.cache/gitfs-actor where that is unset, empty or relative (which the XDG base
/// directory specification says to ignore). An error if the home folder is unknown too.
result<std::filesystem::path> default_cache_dir();

/// The same with $XDG_STATE_HOME and ~/.local/state: where logs go.
result<std::filesystem::path> default_state_dir();

/// Absolute and normal (no "." and "..", no "/" at the end), with a leading "~" or "~/" replaced by the home folder.
/// Does not touch the disk: links are not resolved.
result<std::filesystem::path> absolute_path(std::string_view text);

} // namespace gitfs
