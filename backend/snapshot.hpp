// From SOURCE and REF to one commit whose objects can be read.
#pragma once

#include "backend/memory_budget.hpp"
#include "backend/object_db.hpp"
#include "backend/upstream.hpp"
#include "config/error.hpp"
#include "config/options.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace gitfs {

/// A pinned commit and where its objects are.
struct snapshot {
  std::shared_ptr<object_db> db;    ///< the repository itself, or the store of the upstream
  std::shared_ptr<upstream> remote; ///< none for a local repository
  oid commit;
  oid root_tree;
  std::int64_t time = 0; ///< the commit's, seconds since 1970
  std::string ref;       ///< the full name that REF resolved to; empty for a bare commit id
  std::string display;   ///< SOURCE without credentials
};

/// Opens the source, resolves the ref and, of a remote, brings the commit and its root tree (nothing if they are in the
/// store). Blocks for at most a few round trips, within the limits of `options`; starts threads for a remote. The error
/// says what to do. `memory`: for what comes ahead of its reader.
result<snapshot> open_snapshot(const mount_options& options, std::shared_ptr<memory_budget> memory);

} // namespace gitfs
