// Listings: parsed trees with the sizes of their entries, and a cache of those that were read ahead.
#pragma once

#include "backend/cache/once_cache.hpp"
#include "backend/git/object_db.hpp"
#include "backend/git/tree.hpp"

#include <memory>

namespace gitfs {

using listing_ptr = std::shared_ptr<const parsed_tree>;

/// A parsed tree with all sizes that are known on this machine. ENOENT: the tree is not here. EBADMSG: the object is no
/// tree, or a malformed one. Otherwise the disk's error.
result<listing_ptr> read_listing(object_db& db, const oid& tree);

/// The same listing if it lacks no size; else a copy with the sizes that are known by now.
listing_ptr with_sizes(object_db& db, const oid& tree, listing_ptr listing);

/// Listings that the prefetcher has read ahead of their directories, so that no tree is inflated and parsed, and no
/// size looked up, a second time. Each listing is taken once, by the directory that keeps it from then on. Thread-safe.
class listing_cache {
public:
  /// The oldest listings are dropped when all exceed what `budget` leaves to them.
  listing_cache(object_db& db, memory_budget& budget)
    : db_(db),
      listings_(budget, memory_budget::kind::ahead, &memory_budget::ahead_limit) {}

  void put(const oid& tree, listing_ptr listing);

  /// True if `take` is expected to find the listing.
  bool contains(const oid& tree) { return listings_.contains(tree) || db_.contains(tree); }

  /// As `read_listing`, from memory if it can.
  result<listing_ptr> take(const oid& tree);

  void clear() { listings_.clear(); }

private:
  object_db& db_;
  once_cache<listing_ptr> listings_;
};

} // namespace gitfs
