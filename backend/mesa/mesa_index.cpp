#include "backend/mesa/mesa_index.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace gitfs {

namespace {

constexpr std::size_t longest_way = 2048; // directories from the root: what is named in a circle has no place
constexpr std::size_t few = 3;            // are asked for one by one
constexpr std::size_t most_levels = 4;    // more levels at once bring too much that nobody wanted

} // namespace

std::string mesa_place::path(std::size_t levels) const {
  std::string out;
  for (std::size_t i = 0; i < levels; ++i)
    out += (i == 0 ? "" : "/") + names[i];
  return out;
}

void mesa_index::add_root(const oid& root, std::string ref) {
  const std::lock_guard lock{mutex_};
  roots_[root] = std::move(ref);
  trees_.try_emplace(root);
}

void mesa_index::learn(const oid& tree, std::span<const tree_entry> entries) {
  const std::lock_guard lock{mutex_};
  std::uint32_t directories = 0;
  for (const tree_entry& e : entries) {
    if (e.kind == entry_kind::directory && e.id != tree) {
      known_tree& known = trees_[e.id];
      known.parent = tree;
      known.name = e.name;
      ++directories;
    } else if (has_contents(e.kind)) {
      blobs_[e.id] = tree;
    }
  }
  known_tree& self = trees_[tree];
  self.learned = true;
  self.directories = directories;
}

std::optional<mesa_place> mesa_index::find_tree(const oid& tree) const {
  const std::lock_guard lock{mutex_};
  mesa_place out;
  oid at = tree;
  for (std::size_t steps = 0; steps < longest_way; ++steps) {
    out.trees.push_back(at);
    if (const auto root = roots_.find(at); root != roots_.end()) {
      out.ref = root->second;
      std::reverse(out.trees.begin(), out.trees.end());
      std::reverse(out.names.begin(), out.names.end());
      return out;
    }
    const auto known = trees_.find(at);
    if (known == trees_.end() || known->second.name.empty())
      return std::nullopt;
    out.names.push_back(known->second.name);
    at = known->second.parent;
  }
  return std::nullopt;
}

std::optional<oid> mesa_index::find_parent(const oid& blob) const {
  const std::lock_guard lock{mutex_};
  const auto found = blobs_.find(blob);
  return found == blobs_.end() ? std::nullopt : std::optional{found->second};
}

std::vector<oid> mesa_index::unread() const {
  const std::lock_guard lock{mutex_};
  std::vector<oid> out;
  for (const auto& [id, known] : trees_)
    if (!known.learned)
      out.push_back(id);
  return out;
}

std::size_t mesa_index::directories_in(const oid& tree) const {
  const std::lock_guard lock{mutex_};
  const auto found = trees_.find(tree);
  return found == trees_.end() ? 0 : found->second.directories;
}

std::vector<mesa_question> plan_questions(const mesa_index& index, std::span<const mesa_place> wanted) {
  struct requested {
    const mesa_place* place; // of something at or below it
    std::size_t levels;      // of that place's names
    std::size_t depth;
  };
  using by_path = std::map<std::pair<std::string, std::string>, requested>; // ref and path
  std::vector<by_path> by_level;
  const auto put = [&](const mesa_place& place, std::size_t levels, std::size_t depth) {
    if (by_level.size() <= levels)
      by_level.resize(levels + 1);
    const auto [it, is_new] =
        by_level[levels].try_emplace({place.ref, place.path(levels)}, requested{&place, levels, depth});
    it->second.depth = std::max(it->second.depth, depth);
  };
  for (const mesa_place& place : wanted)
    put(place, place.names.size(), 1);
  for (std::size_t level = by_level.size(); level-- > 1;) { // from the bottom up
    std::map<std::pair<std::string, std::string>, std::vector<by_path::iterator>> by_parent;
    for (auto it = by_level[level].begin(); it != by_level[level].end(); ++it)
      if (it->second.depth < most_levels)
        by_parent[{it->second.place->ref, it->second.place->path(level - 1)}].push_back(it);
    for (const auto& [parent, children] : by_parent) {
      const mesa_place& place = *children.front()->second.place;
      if (children.size() < few || children.size() * 2 < index.directories_in(place.trees[level - 1]))
        continue;
      std::size_t depth = 0;
      for (const auto& child : children)
        depth = std::max(depth, child->second.depth);
      put(place, level - 1, depth + 1);
      for (const auto& child : children)
        by_level[level].erase(child);
    }
  }
  std::vector<mesa_question> out;
  for (const by_path& level : by_level)
    for (const auto& [name, question] : level)
      out.push_back({question.place->trees[question.levels], name.first, name.second, question.depth});
  return out;
}

} // namespace gitfs
