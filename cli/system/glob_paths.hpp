// Paths by patterns as git's pathspec magic `glob` has them, with ** for any number of folders.
#pragma once

#include <string>
#include <vector>

namespace gitfs {

/// What `pattern` names, in the order of the folders: * ? [...] match no "/", and a part that is ** any number of
/// folders, not through links. A path that exists, and one without a pattern in it, is given as it is. Empty: nothing
/// fits. What cannot be listed is passed over.
std::vector<std::string> glob_paths(const std::string& pattern);

} // namespace gitfs
