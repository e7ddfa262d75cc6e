// The commit that a ref stands for, and the full name of the ref.
#pragma once

#include "backend/git/oid.hpp"

#include <string>

namespace gitfs {

struct resolved_ref {
  oid commit;
  /// The full name: "refs/heads/main", "refs/tags/v1"; "HEAD" if HEAD is detached; "" if a commit id was given.
  std::string name;
  /// If this is a branch: the full name of a tag of the same short name, which was passed over. Empty: there is none.
  std::string namesake{};
};

} // namespace gitfs
