// A position in a snapshot that moves forward in the order in which programs walk: depth first, as find, tar and grep
// -r do, or breadth first.
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

/// The position of an entry: the indices in the sorted listings on the way from the root down to the entry. The root of
/// the snapshot is the empty position.
using tree_position = std::vector<child_index>;

/// The position behind every entry.
inline const tree_position end_position{~child_index{0}};

/// True for the position of that directory, and of all that is below it.
bool is_within(const tree_position& p, const tree_position& directory);
/// The position of the deepest directory in which both are.
tree_position common_part(const tree_position& a, const tree_position& b);
/// The directory above this one, or itself, that is so many levels below the root.
directory_location_ptr ancestor_at(directory_location_ptr directory, std::size_t below_root);

enum class walk_order : std::uint8_t { depth_first, breadth_first };

/// True if a walk meets `a` before `b`.
bool before(walk_order order, const tree_position& a, const tree_position& b);

tree_position position_of(const directory_location& directory);
tree_position position_of(const directory_location& directory, child_index child);

/// Walks entry by entry and descends into directories. It reads trees from the object database only, so it stops at a
/// tree that is not on this machine. Cheap to copy; not thread-safe.
class tree_cursor {
public:
  /// Starts before entry `next` of `directory`. Depth first the cursor goes on behind that directory, to the end of the
  /// snapshot; breadth first it stays below the directory. The listings of directories that it descends into are put
  /// into `ahead`.
  tree_cursor(object_db& db, directory_location_ptr directory, child_index next,
              walk_order order = walk_order::depth_first, listing_cache* ahead = nullptr);

  struct visit {
    directory_location_ptr directory; ///< that holds the entry
    child_index index = 0;
    const tree_entry* entry = nullptr; ///< valid until the cursor moves; its size is that known when its tree was read
  };

  /// The entry before which the cursor is. None: the cursor is at the end of the snapshot, or at a tree that is not
  /// here.
  std::optional<visit> peek();
  /// Moves past that entry, or into it if it is a directory. Breadth first, directories are entered later.
  void step();

  /// Leaves the directory at whose missing tree `peek` stopped. False: `peek` has not stopped at one.
  bool skip_missing();

  /// Looks up again the sizes that were unknown in the trees on the way from the root.
  void refresh_sizes();

  /// Takes over trees that another cursor has read, because a tree of 20,000 entries takes 2 MB.
  void share_trees_of(const tree_cursor& other);

  /// The trees that are missing on the way: the one at which `peek` stopped, and the next ones that are known by now.
  /// At most `most` trees, and none behind the directory that is `floor` levels below the root. Empty if none is
  /// missing.
  std::vector<oid> missing(std::size_t most, std::size_t floor = 0);
  /// True once a depth-first walk has left the directory that is `below_root` levels below the root.
  bool has_left(std::size_t below_root) const {
    return order_ == walk_order::depth_first && frames_.size() <= below_root;
  }
  /// The position of the entry that `peek` gives, or of the tree at which it stops; end_position at the end.
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
  std::vector<frame> frames_;               // from the root down; breadth first, only the present directory
  std::deque<directory_location_ptr> next_; // breadth first: directories that were passed and not entered yet
  bool stuck_ = false;
};

} // namespace gitfs
