#include "backend/git/tree_index.hpp"

#include "backend/git/tree.hpp"

#include <algorithm>

namespace gitfs {

void tree_index::add(const root& which) {
  const auto same = [&](const root& each) { return each.commit == which.commit; };
  if (std::any_of(roots_.begin(), roots_.end(), same))
    return;
  roots_.insert(roots_.begin(), which);
  if (parent_.insert_or_assign(which.tree, oid{}).second)
    unread_.push_back(which.tree);
}

bool tree_index::read(const oid& tree) {
  const auto raw = objects_->read(tree);
  if (!raw)
    return false;
  const auto parsed = parse_tree(raw.value().data());
  if (!parsed)
    return true; // what cannot be shown is not asked for
  for (const tree_entry& entry : parsed.value().entries) {
    if (entry.kind == entry_kind::gitlink)
      continue;
    if (parent_.try_emplace(entry.id, tree).second && entry.kind == entry_kind::directory)
      unread_.push_back(entry.id);
  }
  return true;
}

void tree_index::walk() {
  std::deque<oid> absent;
  while (!unread_.empty()) {
    const oid tree = unread_.front();
    unread_.pop_front();
    if (!read(tree))
      absent.push_back(tree);
  }
  unread_ = std::move(absent);
}

std::vector<oid> tree_index::trees_to(const oid& blob) {
  if (!parent_.contains(blob))
    walk();
  std::vector<oid> out;
  for (auto at = parent_.find(blob); at != parent_.end() && !at->second.is_zero(); at = parent_.find(at->second))
    out.push_back(at->second);
  std::reverse(out.begin(), out.end());
  return out;
}

std::optional<tree_index::place> tree_index::find(const oid& blob) {
  const std::vector<oid> trees = trees_to(blob);
  if (trees.empty())
    return std::nullopt;
  const auto at = std::find_if(roots_.begin(), roots_.end(), [&](const root& r) { return r.tree == trees.front(); });
  if (at == roots_.end())
    return std::nullopt;
  place out{at->commit, {}};
  for (std::size_t i = 0; i < trees.size(); ++i) {
    const oid& next = i + 1 < trees.size() ? trees[i + 1] : blob;
    const auto raw = objects_->read(trees[i]);
    const auto parsed = raw ? parse_tree(raw.value().data()) : fail(ENOENT, {});
    if (!parsed)
      return std::nullopt;
    const auto& entries = parsed.value().entries;
    const auto named = std::find_if(entries.begin(), entries.end(), [&](const auto& each) { return each.id == next; });
    if (named == entries.end())
      return std::nullopt;
    out.path += (i == 0 ? "" : "/") + named->name;
  }
  return out;
}

} // namespace gitfs
