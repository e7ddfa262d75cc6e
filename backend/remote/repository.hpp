// A repository that snapshots are taken of: on this disk, behind smart HTTP, or behind a service of its own.
#pragma once

#include "backend/git/object_db.hpp"
#include "backend/git/oid.hpp"
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
  std::int64_t time = 0; ///< the commit's, seconds since 1970
  std::string ref;       ///< the full name that was resolved; empty for a bare commit id

  bool operator==(const snapshot_facts&) const = default;
};

/// Thread-safe.
class repository {
public:
  virtual ~repository() = default;

  /// What is on this machine of it: the repository itself, or the store of its upstream.
  virtual const std::shared_ptr<object_db>& objects() const = 0;
  /// Where the rest comes from; none: there is no other place.
  virtual const std::shared_ptr<upstream>& remote() const = 0;
  /// The source without credentials, for people.
  virtual const std::string& display() const = 0;

  /// The commit that `ref` names now (empty: the default branch), and of a remote its root tree, brought here unless it
  /// is here. `have`: a commit that was taken before; what it shares with the new one is not sent again. Blocks for a
  /// few round trips, within the repository's limits. ENOENT: no such ref or no such repository; ECANCELED: stopped;
  /// else as transfer_outcome. The message says what to do.
  virtual result<snapshot_facts> take(const std::string& ref, const std::optional<oid>& have, std::stop_token stop) = 0;
};

} // namespace gitfs
