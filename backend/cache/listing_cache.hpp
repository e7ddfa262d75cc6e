// Trees taken apart, with the sizes of what they name.
#pragma once

#include "backend/cache/once_cache.hpp"
#include "backend/git/object_db.hpp"
#include "backend/git/tree.hpp"

#include <memory>

namespace gitfs {

using listing_ptr = std::shared_ptr<const parsed_tree>;

/// A tree with all sizes that are on this machine. ENOENT: it is not here. EBADMSG: it is no tree, or a
/// malformed one. Otherwise the disk's error.
result<listing_ptr> read_listing(object_db& db, const oid& tree);

/// The same listing, if it lacks no size; else one with those that are known by now.
listing_ptr with_sizes(object_db& db, const oid& tree, listing_ptr listing);

/// Listings that were read ahead of whoever will ask for them, so that nobody inflates, takes apart and looks up the
/// same a second time. Each is taken once, by the directory that keeps it from then on. Thread-safe.
class listing_cache {
public:
  /// Beyond what `budget` leaves to them the oldest go.
  listing_cache(object_db& db, memory_budget& budget)
    : db_(db),
      listings_(budget, memory_budget::kind::ahead, &memory_budget::ahead_limit) {}

  void put(const oid& tree, listing_ptr listing);

  /// True if `take` is expected to find it.
  bool contains(const oid& tree) { return listings_.contains(tree) || db_.contains(tree); }

  /// As `read_listing`, from memory if it can.
  result<listing_ptr> take(const oid& tree);

  void clear() { listings_.clear(); }

private:
  object_db& db_;
  once_cache<listing_ptr> listings_;
};

} // namespace gitfs
