#include "test/actors/support/walked_tree.hpp"

#include <deque>
#include <set>
#include <string>

namespace gitfs::test {

namespace {

std::vector<directory_location_ptr> directories_in(const walked_node& of) {
  std::vector<directory_location_ptr> out;
  for (child_index i = 0; i < of.tree.entries.size(); ++i)
    if (const tree_entry& e = of.tree.entries[i]; e.kind == entry_kind::directory)
      out.push_back(std::make_shared<directory_location>(
          directory_location{of.link, i, e.id, child_key(of.link->key, e.name), e.name}));
  return out;
}

} // namespace

std::size_t recorded_readahead::wanted(want_kind kind) const {
  std::set<oid> out;
  for (const want& w : requested)
    if (w.kind == kind)
      out.insert(w.ids.begin(), w.ids.end());
  return out.size();
}

walked_tree::walked_tree(int directories, int below, int files) {
  std::vector<memory_db::entry> top;
  for (int d = 0; d < directories; ++d) {
    std::vector<memory_db::entry> middle;
    for (int s = 0; s < below; ++s) {
      std::vector<memory_db::entry> leaf;
      for (int f = 0; f < files; ++f) {
        blobs.push_back(db.blob("x"));
        leaf.push_back({"f" + std::to_string(f), entry_kind::file, blobs.back()});
      }
      leaf_trees.push_back(db.tree(leaf));
      middle.push_back({"s" + std::to_string(s), entry_kind::directory, leaf_trees.back()});
    }
    top.push_back({"d" + std::to_string(10 + d), entry_kind::directory, db.tree(middle)}); // two digits: as they sort
  }
  for (const oid& b : blobs)
    db.hide(b);
  auto link = std::make_shared<directory_location>();
  link->tree = db.tree(top);
  root = std::move(link);
}

walked_node walked_tree::read(const directory_location_ptr& link) {
  return {link, parse_tree(db.read(link->tree).value().data()).value()};
}

std::vector<walked_node> walked_tree::depth_first() {
  std::vector<walked_node> out;
  std::vector<directory_location_ptr> stack{root};
  while (!stack.empty()) {
    out.push_back(read(stack.back()));
    stack.pop_back();
    const auto below = directories_in(out.back());
    stack.insert(stack.end(), below.rbegin(), below.rend());
  }
  return out;
}

std::vector<walked_node> walked_tree::breadth_first() {
  std::vector<walked_node> out;
  for (std::deque<directory_location_ptr> next{root}; !next.empty(); next.pop_front()) {
    out.push_back(read(next.front()));
    const auto below = directories_in(out.back());
    next.insert(next.end(), below.begin(), below.end());
  }
  return out;
}

} // namespace gitfs::test
