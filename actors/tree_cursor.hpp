// A place in the snapshot, moved forward in the order in which find, tar and grep -r walk.
#pragma once

#include "actors/dir_link.hpp"
#include "backend/object_db.hpp"
#include "backend/tree.hpp"

#include <compare>
#include <memory>
#include <optional>
#include <vector>

namespace gitfs {

/// Where an entry stands: the indices (in sorted listings) on the way down to it. Lexicographic order of positions is
/// the preorder of the walk. The root is the empty position.
using tree_position = std::vector<child_index>;

tree_position position_of(const dir_link& directory);
tree_position position_of(const dir_link& directory, child_index child);

/// Walks preorder, entry by entry, descending into directories, reading trees from the object database only. Cheap to
/// copy; not thread-safe.
class tree_cursor {
public:
  /// Stands before entry `next` of `directory`.
  tree_cursor(object_db& db, dir_link_ptr directory, child_index next);

  struct visit {
    dir_link_ptr directory; ///< that holds the entry
    child_index index = 0;
    const tree_entry* entry = nullptr; ///< valid until the cursor moves
  };

  /// The entry that the cursor stands before; none at the end of the snapshot or at a tree that is not here.
  std::optional<visit> peek();
  /// Steps past it; into it, if it is a directory.
  void step();

  /// Trees that are not here and in the way: the one that stopped `peek`, and further child directories of the same
  /// parent, at most `most` of them. Empty if nothing is missing.
  std::vector<oid> missing(std::size_t most);
  /// Passes over the tree that stopped `peek`: it cannot be had.
  void skip_missing();

  /// Position of what `peek` would give, or of what it is stuck at; past everything at the end.
  tree_position position() const;

private:
  struct frame {
    dir_link_ptr directory;
    std::shared_ptr<const parsed_tree> tree; // read when first needed
    child_index next = 0;
  };

  bool load(frame& f);

  object_db* db_;
  std::vector<frame> frames_; // from the root down
  bool stuck_ = false;
};

} // namespace gitfs
