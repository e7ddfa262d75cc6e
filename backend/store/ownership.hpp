// git's rule about whose repositories are used at all: safe.directory (git-config).
#pragma once

#include "config/error.hpp"

#include <filesystem>

struct git_repository;

namespace gitfs {

/// Turns off libgit2's own check in this process. It knows no "*", nothing of GIT_CONFIG_COUNT, and looks at the work
/// tree alone.
void without_ownership_check();

/// As git: the work tree, the git folder, and the file .git if there is one, belong to the user of this process, or
/// `safe.directory` in the files of system and user, or in GIT_CONFIG_COUNT, lists the repository: by its path, by "*",
/// or by a folder above it with "/*" behind. Paths are compared as git compares them from 2.47 on: without symbolic
/// links,
/// ".." and a slash at the end. An empty value forgets those before it. `path`: as the user named it.
/// EACCES: neither; the message says what to do. EINVAL: git's configuration is malformed.
result<void> check_ownership(git_repository* repository, const std::filesystem::path& path);

} // namespace gitfs
