// Reads what is needed from commit and annotated tag objects. Their bytes may come from anywhere.
#pragma once

#include "backend/git/object_db.hpp"
#include "backend/git/oid.hpp"
#include "config/error.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace gitfs {

struct parsed_commit {
  oid tree;
  std::vector<oid> parents;
  std::int64_t committer_time = 0; ///< seconds since 1970; 0 if the commit names none that fits
};

/// Reads the contents of a commit object as git does: what is missing, empty or absurd behind the tree and the parents
/// does not matter. EIO: they do not begin with a tree.
result<parsed_commit> parse_commit(std::string_view raw);

struct parsed_tag {
  oid target;
  object_type target_type;
};

/// Reads the contents of an annotated tag object, whose target may be a tag again. EIO: it has no `object` and `type`.
result<parsed_tag> parse_tag(std::string_view raw);

/// Follows annotated tags in `db` from `id` to a commit. ENOENT: an object on the way is not there. EIO: the object at
/// the end is no commit, a tag is malformed, or the chain is absurdly long.
result<oid> peel_to_commit(object_db& db, oid id);

} // namespace gitfs
