// What a ref that the user names turned out to be.
#pragma once

#include "backend/git/oid.hpp"

#include <string>

namespace gitfs {

struct resolved_ref {
  oid commit;
  /// The full name: "refs/heads/main", "refs/tags/v1"; "HEAD" if HEAD is detached; "" if a commit id was given.
  std::string name;
};

} // namespace gitfs
