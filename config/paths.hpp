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

/// Of the file in the cache folder that has what was learned of servers. Its temporary files begin with it.
inline constexpr const char* learned_hosts_name = "server-ways.json";
/// Of the folder in it that has what places of mounts have shown.
inline constexpr const char* shown_times_name = "shown-times";

/// EINVAL: `text` is a URL, which somebody has given in place of a path. The message leaves its credentials out, which
/// could not be found any more once it was made absolute.
result<void> expect_path(std::string_view text);

/// Absolute and normal (no "." and "..", no "/" at the end), with a leading "~" or "~/" replaced by the home folder.
/// Does not touch the disk: links are not resolved. EINVAL: it is empty, or as expect_path.
result<std::filesystem::path> absolute_path(std::string_view text);

/// `path` with all symbolic links followed, as far as it exists. Nothing at or below `except` is looked at, if that is
/// a resolved path and not empty: whoever asks may be what would have to answer there.
std::filesystem::path resolved_path(const std::filesystem::path& path, const std::filesystem::path& except = {});

/// True if `path` is `folder` or below it. Both are resolved.
bool is_at_or_below(const std::filesystem::path& path, const std::filesystem::path& folder);

/// A path in a file that stands in `folder`, where relative ones begin, in the same form. $NAME and ${NAME} are
/// replaced by variables, $$ by a dollar sign, then a leading "~". EINVAL: a variable is not set, or "~user".
result<std::filesystem::path> expanded_path(std::string_view text, const std::filesystem::path& folder);

} // namespace gitfs
