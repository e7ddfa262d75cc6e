// A tree for readers to walk through, and what is wanted ahead of them.
#pragma once

#include "actors/prefetch/readahead.hpp"
#include "test/actors/support/fakes.hpp"

#include <vector>

namespace gitfs::test {

/// Keeps what it was asked for.
class recorded_readahead final : public readahead_port {
public:
  void ask(want w) override { requested.push_back(std::move(w)); }
  void cancel(want_id id) override { cancelled.push_back(id); }
  void window_begins() override { ++open; }
  void window_ends() override { --open; }
  bool later() override {
    laters += puts_off ? 1 : 0;
    return puts_off;
  }

  /// Different objects of that kind, in all wants.
  std::size_t wanted(want_kind kind) const;

  std::vector<want> requested;
  std::vector<want_id> cancelled;
  int open = 0;          ///< windows that have begun and not ended
  bool puts_off = false; ///< what `later` answers
  int laters = 0;
};

struct walked_node {
  directory_location_ptr link;
  parsed_tree tree;
};

/// So many directories in the root, so many in each of these, so many files in each of those. No blob is here.
struct walked_tree {
  walked_tree(int directories, int below, int files);

  walked_node read(const directory_location_ptr& link);
  /// Every directory in the order of a walk.
  std::vector<walked_node> depth_first();
  std::vector<walked_node> breadth_first();

  memory_db db;
  directory_location_ptr root;
  std::vector<oid> blobs, leaf_trees; ///< in the order of a walk
};

} // namespace gitfs::test
