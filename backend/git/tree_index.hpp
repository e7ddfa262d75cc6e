// Finds the paths of blobs in snapshots, as far as their trees are on this machine.
#pragma once

#include "backend/git/object_db.hpp"
#include "backend/git/oid.hpp"

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace gitfs {

/// The index is built only as far as look-ups need. Used by one thread at a time.
class tree_index {
public:
  explicit tree_index(std::shared_ptr<object_db> objects) : objects_(std::move(objects)) {}

  struct root {
    oid commit;
    oid tree;
  };
  /// Adds a snapshot, unless it was added before. The latest snapshot is searched first.
  void add(const root& which);
  const std::vector<root>& roots() const { return roots_; }

  /// The trees from a root down to the one that lists `blob`; empty if no tree that is here lists it.
  std::vector<oid> trees_to(const oid& blob);

  /// A path of `blob` and the commit whose root it begins at.
  struct place {
    oid commit;
    std::string path;
  };
  std::optional<place> find(const oid& blob);

private:
  void walk();
  bool read(const oid& tree);

  std::shared_ptr<object_db> objects_;
  std::vector<root> roots_;
  std::unordered_map<oid, oid> parent_; ///< for each blob and tree, a tree that lists it; zero for roots
  std::deque<oid> unread_;              ///< trees that were named and not read yet, perhaps because they are not here
};

} // namespace gitfs
