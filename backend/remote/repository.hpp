// A repository whose snapshots can be shown: on this disk, behind smart HTTP, or behind a REST service.
#pragma once

#include "backend/git/object_db.hpp"
#include "backend/git/oid.hpp"
#include "backend/profile/profile_store.hpp"
#include "backend/remote/upstream.hpp"
#include "config/error.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

namespace gitfs {

/// A commit whose root directory can be listed.
struct snapshot_facts {
  oid commit;
  oid root_tree;
  std::int64_t time = 0; ///< the time of the commit, in seconds since 1970
  std::string ref;       ///< the full name that was resolved; empty for a bare commit id
  /// When the mount began to show it, in nanoseconds since 1970; 0: unknown, or of no matter. `resolve` leaves it to
  /// its caller.
  std::int64_t shown_at = 0;

  bool operator==(const snapshot_facts&) const = default;
};

/// Thread-safe.
class repository {
public:
  virtual ~repository() = default;

  /// The objects that are on this machine: those of the repository itself, or the store of its upstream.
  virtual const std::shared_ptr<object_db>& objects() const = 0;
  /// The upstream that has the rest. Null: there is none.
  virtual const std::shared_ptr<upstream>& remote() const = 0;
  /// Where profiles of what is read of it are. Null: there is no place for them, and none was named.
  virtual std::shared_ptr<const profile_store> profiles() const { return nullptr; }
  /// The source without credentials, for people.
  virtual const std::string& display() const = 0;

  /// Resolves `ref` (empty: the default branch) to the commit that it names now. From an upstream it fetches the commit
  /// and its root tree, unless they are here. `have`: a commit that was resolved before; what it shares with the new
  /// one is not sent again. Blocks for a few round trips, within the repository's limits. ENOENT: there is no such ref,
  /// or no such repository; ECANCELED: stopped; other errors are those of transfer_outcome. The message says what to
  /// do.
  virtual result<snapshot_facts> resolve(const std::string& ref, const std::optional<oid>& have,
                                         std::stop_token stop) = 0;
};

} // namespace gitfs
