// Finds the paths that fit a pattern. Patterns are those of git's pathspec magic `glob`, in which ** stands for any
// number of folders.
#pragma once

#include <string>
#include <vector>

namespace gitfs {

/// The paths that `pattern` names, each folder's in the order of its listing. The wildcards * ? [...] do not match "/".
/// A part of the pattern that is ** matches any number of folders, but does not follow symbolic links. If `pattern` is
/// itself the name of something that exists, or has no wildcards, the result is `pattern`. Empty: nothing fits. Folders
/// that cannot be listed are passed over.
std::vector<std::string> glob_paths(const std::string& pattern);

} // namespace gitfs
