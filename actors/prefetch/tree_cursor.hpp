// A place in the snapshot, moved forward in the order in which programs walk: depth first, as find, tar and grep -r do,
// or level by level.
#pragma once

#include "actors/model/directory_location.hpp"
#include "backend/cache/listing_cache.hpp"
#include "backend/git/object_db.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

namespace gitfs {

/// Where an entry stands: the indices (in sorted listings) on the way down to it. The root of the
/// snapshot is the empty position.
using tree_position = std::vector<child_index>;

/// Behind everything.
inline const tree_position end_position{~child_index{0}};

enum class walk_order : std::uint8_t { depth_first, breadth_first };

/// True if a walk meets `a` before `b`.
bool before(walk_order order, const tree_position& a, const tree_position& b);

tree_position position_of(const directory_location& directory);
tree_position position_of(const directory_location& directory, child_index child);

/// Walks entry by entry, descending into directories, reading trees from the object database only. Cheap to copy; not
/// thread-safe.
class tree_cursor {
public:
  /// Stands before entry `next` of `directory`. Depth first it goes on behind that directory, to the end of the
  /// snapshot; breadth first it stays below it. What it reads of directories that it descends into is put into `ahead`.
  tree_cursor(object_db& db, directory_location_ptr directory, child_index next,
              walk_order order = walk_order::depth_first, listing_cache* ahead = nullptr);

  struct visit {
    directory_location_ptr directory; ///< that holds the entry
    child_index index = 0;
    const tree_entry* entry = nullptr; ///< valid until the cursor changes; its size as known when its tree was read
  };

  /// The entry that the cursor stands before; none at the end of the snapshot or at a tree that is not here.
  std::optional<visit> peek();
  /// Steps past it; into it, if it is a directory (breadth first: later).
  void step();

  /// Leaves the directory whose tree is not here and stopped `peek`. False if nothing did.
  bool skip_missing();

  /// Looks up again what sizes were not known of the trees on the way from the root.
  void refresh_sizes();

  /// Trees that another cursor has read already are not read again: those of 20,000 entries take 2 MB each.
  void share_trees_of(const tree_cursor& other);

  /// Trees that are not here and in the way: the one that stopped `peek`, and the next ones that can be told, at most
  /// `most` of them, and none behind the directory that stands `floor` below the root. Empty if nothing is missing.
  std::vector<oid> missing(std::size_t most, std::size_t floor = 0);
  /// True once a walk in depth has left the directory so far below the root that it stood in.
  bool has_left(std::size_t below_root) const {
    return order_ == walk_order::depth_first && frames_.size() <= below_root;
  }
  /// Position of what `peek` would give, or of what it is stuck at; past everything at the end.
  tree_position position() const;

private:
  struct frame {
    directory_location_ptr directory;
    listing_ptr tree; // read when first needed
    child_index next = 0;
    bool descended = false; // the cursor came into it from above
  };

  bool load(frame& f);
  void leave();

  object_db* db_;
  walk_order order_;
  listing_cache* ahead_;
  std::vector<frame> frames_;               // from the root down; breadth first: where it stands
  std::deque<directory_location_ptr> next_; // breadth first: directories that were passed
  bool stuck_ = false;
};

} // namespace gitfs
