// Where blobs stand in snapshots, as far as their trees are on this machine.
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

/// Built as far as it is asked. Used by one thread at a time.
class tree_index {
public:
  explicit tree_index(std::shared_ptr<object_db> objects) : objects_(std::move(objects)) {}

  struct root {
    oid commit;
    oid tree;
  };
  /// A snapshot to look in; one that is known already is no news. The latest is looked in first.
  void add(const root& which);
  const std::vector<root>& roots() const { return roots_; }

  /// The trees from a root down to the one that lists `blob`; empty: in no tree that is here.
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
  std::unordered_map<oid, oid> parent_; ///< of blobs and trees: a tree that lists them; of roots: zero
  std::deque<oid> unread_;              ///< trees that are not here yet, as far as is known
};

} // namespace gitfs
