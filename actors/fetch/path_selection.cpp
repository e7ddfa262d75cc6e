#include "actors/fetch/path_selection.hpp"

#include <algorithm>
#include <cerrno>
#include <fnmatch.h>

namespace gitfs {

namespace {

bool has_magic(std::string_view part) {
  return part.find_first_of("*?[") != std::string_view::npos;
}

std::size_t index_of(const parsed_tree& tree, std::string_view name) {
  const auto at = std::ranges::lower_bound(tree.entries, name, {}, &tree_entry::name);
  return at != tree.entries.end() && at->name == name ? static_cast<std::size_t>(at - tree.entries.begin())
                                                      : tree.entries.size();
}

} // namespace

path_selection::path_selection(const oid& root, std::vector<std::string> paths, reading how) : how_(how) {
  paths_.reserve(paths.size()); // parts point into the texts: nothing may move
  state first{root, {}};
  for (std::string& text : paths) {
    path& one = paths_.emplace_back();
    one.text = std::move(text);
    const std::string_view all = one.text;
    for (std::size_t at = 0; at < all.size();) {
      const std::size_t end = std::min(all.find('/', at), all.size());
      if (end > at)
        one.parts.push_back(all.substr(at, end - at));
      at = end + 1;
    }
    one.pattern = how == reading::patterns && has_magic(all);
    if (one.parts.empty() && how == reading::patterns)
      one.is = outcome::folder;
    else
      first.items.emplace_back(static_cast<std::uint32_t>(paths_.size() - 1), 0U);
  }
  if (!first.items.empty())
    next_.push_back(std::move(first));
}

bool path_selection::step(object_db& db, std::size_t most) {
  for (; !next_.empty() && most != 0; --most) {
    state at = std::move(next_.back());
    next_.pop_back();
    auto tree = db.read_tree(at.tree);
    if (tree)
      how_ == reading::names ? read_names(at, tree.value()) : read(at, tree.value());
    else if (tree.error().code == ENOENT && !at.requested)
      missing_.push_back(std::move(at));
    else
      fail_all(at, tree.error().code == ENOENT && failure_ != 0 ? failure_ : EIO);
  }
  return !next_.empty();
}

std::vector<oid> path_selection::missing() const {
  std::vector<oid> out;
  for (const state& each : missing_)
    out.push_back(each.tree);
  std::ranges::sort(out);
  const auto doubled = std::ranges::unique(out);
  out.erase(doubled.begin(), doubled.end());
  return out;
}

void path_selection::came(int code) {
  failure_ = code;
  for (state& each : missing_) {
    each.requested = true;
    next_.push_back(std::move(each));
  }
  missing_.clear();
}

void path_selection::read(state& at, const parsed_tree& tree) {
  for (std::size_t i = 0; i < at.items.size(); ++i) { // grows
    const auto [which, part] = at.items[i];
    const path& of = paths_[which];
    if (part + 1 < of.parts.size() && of.parts[part] == "**")
      at.items.emplace_back(which, part + 1); // no folder at all
  }
  std::ranges::sort(at.items);
  const auto doubled = std::ranges::unique(at.items);
  at.items.erase(doubled.begin(), doubled.end());
  const bool patterns = std::ranges::any_of(at.items, [&](const item& each) { return paths_[each.first].pattern; });
  if (patterns) {
    auto& before = seen_[{at.tree, at.covered}];
    if (std::ranges::find(before, at.items) != before.end())
      return;
    before.push_back(at.items);
  }
  children below;
  std::vector<char> taken(tree.entries.size());
  for (const auto& [which, part] : at.items) {
    const path& of = paths_[which];
    const bool all = part >= of.parts.size() || (of.parts[part] == "**" && part + 1 == of.parts.size());
    const std::string_view name = all ? "**" : of.parts[part];
    if (const std::size_t index = all ? tree.entries.size() : index_of(tree, name); index != tree.entries.size()) {
      meet(tree.entries[index], index, {which, part + 1}, below, taken, at.covered);
    } else if (name == "**") {
      const item deeper{which, part};
      for (std::size_t i = 0; i < tree.entries.size(); ++i)
        if (tree.entries[i].kind == entry_kind::directory)
          below.try_emplace(i, state{tree.entries[i].id, {}, at.covered}).first->second.items.push_back(deeper);
        else if (all)
          take(tree.entries[i], i, which, taken, at.covered);
      if (all && tree.entries.empty())
        paths_[which].is = outcome::file; // an empty folder is there all the same
    } else if (has_magic(name)) {
      const std::string pattern{name}; // the part ends at a slash
      for (std::size_t i = 0; i < tree.entries.size(); ++i)
        if (::fnmatch(pattern.c_str(), tree.entries[i].name.c_str(), 0) == 0)
          meet(tree.entries[i], i, {which, part + 1}, below, taken, at.covered);
    }
  }
  for (auto& [index, each] : below)
    if (!each.items.empty()) {
      folders_ += patterns && !each.covered ? 1 : 0;
      next_.push_back(std::move(each));
    }
}

void path_selection::read_names(const state& at, const parsed_tree& tree) {
  folder here{at.tree};
  children below;
  std::vector<char> taken(tree.entries.size());
  for (const auto& [which, part] : at.items) {
    path& of = paths_[which];
    if (part == of.parts.size()) {
      of.is = outcome::folder;
      here.named = true;
      continue;
    }
    const std::size_t index = index_of(tree, of.parts[part]);
    if (index == tree.entries.size())
      continue;
    const tree_entry& entry = tree.entries[index];
    if (entry.kind == entry_kind::directory) {
      below.try_emplace(index, state{entry.id, {}}).first->second.items.emplace_back(which, part + 1);
    } else if (part + 1 == of.parts.size()) {
      ++here.files;
      take(entry, index, which, taken, false);
    }
  }
  folders_read_.push_back(here);
  for (auto& [index, each] : below)
    next_.push_back(std::move(each));
}

void path_selection::meet(const tree_entry& entry, std::size_t index, item next, children& below,
                          std::vector<char>& taken, bool covered) {
  path& of = paths_[next.first];
  const bool last = next.second == of.parts.size();
  switch (entry.kind) {
  case entry_kind::directory: {
    if (last && !of.pattern)
      of.is = outcome::folder;
    auto& child = below.try_emplace(index, state{entry.id, {}, covered}).first->second;
    if (last && !of.pattern)
      child.covered = true;
    else
      child.items.push_back(next);
    return;
  }
  case entry_kind::symlink:
    if (!of.pattern)
      of.is = outcome::link;
    else if (last)
      take(entry, index, next.first, taken, covered);
    return;
  case entry_kind::gitlink: // an empty folder
    if (last)
      of.is = of.pattern ? outcome::file : outcome::folder;
    return;
  default:
    if (last)
      take(entry, index, next.first, taken, covered);
    else if (!of.pattern)
      fail(next.first, ENOTDIR);
  }
}

void path_selection::take(const tree_entry& entry, std::size_t index, std::uint32_t by, std::vector<char>& taken,
                          bool covered) {
  paths_[by].is = outcome::file;
  if (covered || entry.kind == entry_kind::gitlink || std::exchange(taken[index], 1) != 0)
    return;
  (entry.kind == entry_kind::symlink ? links_ : files_).emplace_back(entry.id, by);
}

void path_selection::fail_all(const state& at, int code) {
  for (const auto& [which, part] : at.items)
    fail(which, code);
}

} // namespace gitfs
