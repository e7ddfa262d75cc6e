// Finds the commit that a revision of a local repository names. libgit2 reads the refs; commits and tags are parsed by
// backend/git, because git shows many that libgit2 refuses.
#pragma once

#include "backend/git/object_db.hpp"
#include "backend/git/resolved_ref.hpp"
#include "config/error.hpp"

#include <string>

struct git_repository;

namespace gitfs {

/// `revision`: "" and "HEAD" are HEAD; a branch, a tag, a full name or id, an abbreviated id, each perhaps followed by
/// ~N or ^N; and what else of gitrevisions(7) libgit2 knows. `path` names the repository in messages. One thread at a
/// time. ENOENT: no such ref, or (HEAD) a repository without commits. EINVAL: ambiguous, malformed, or not a commit.
result<resolved_ref> resolve_local_ref(git_repository* repository, object_db& objects, const std::string& revision,
                                       const std::string& path);

} // namespace gitfs
