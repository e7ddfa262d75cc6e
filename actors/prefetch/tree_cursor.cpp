#include "actors/prefetch/tree_cursor.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace gitfs {

tree_position position_of(const directory_location& directory) {
  tree_position out;
  for (const directory_location* d = &directory; !is_root(*d); d = d->parent.get())
    out.push_back(d->place());
  std::reverse(out.begin(), out.end());
  return out;
}

tree_position position_of(const directory_location& directory, child_index child) {
  tree_position out = position_of(directory);
  out.push_back(child);
  return out;
}

bool is_within(const tree_position& p, const tree_position& directory) {
  return p.size() >= directory.size() && std::equal(directory.begin(), directory.end(), p.begin());
}

tree_position common_part(const tree_position& a, const tree_position& b) {
  return {a.begin(), std::ranges::mismatch(a, b).in1};
}

directory_location_ptr ancestor_at(directory_location_ptr directory, std::size_t below_root) {
  for (std::size_t depth = position_of(*directory).size(); depth > below_root; --depth)
    directory = directory->parent;
  return directory;
}

bool before(walk_order order, const tree_position& a, const tree_position& b) {
  if (order == walk_order::depth_first || a == end_position || b == end_position)
    return a < b; // no index is as large as the end's
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

tree_cursor::tree_cursor(object_db& db, directory_location_ptr directory, child_index next, walk_order order,
                         listing_cache* ahead)
  : db_(&db),
    order_(order),
    ahead_(ahead) {
  if (order == walk_order::breadth_first) {
    frames_.push_back({std::move(directory), nullptr, next});
    return;
  }
  for (directory_location_ptr d = std::move(directory);; d = d->parent) {
    frames_.push_back({d, nullptr, next});
    if (is_root(*d))
      break;
    next = d->place() + 1; // when the walk comes back up, it goes on behind this directory
  }
  std::reverse(frames_.begin(), frames_.end());
}

bool tree_cursor::load(frame& f) {
  if (f.tree)
    return true;
  auto listing = read_listing(*db_, f.directory->tree);
  if (!listing && listing.error().code != EBADMSG)
    return false;
  if (!listing)
    f.tree = std::make_shared<parsed_tree>(); // nothing to find there
  else if (f.tree = std::move(listing).value(); ahead_ != nullptr && f.descended)
    ahead_->put(f.directory->tree, f.tree);
  return true;
}

void tree_cursor::share_trees_of(const tree_cursor& other) {
  for (frame& mine : frames_)
    for (const frame& f : other.frames_)
      if (!mine.tree && f.tree && f.directory->tree == mine.directory->tree)
        mine.tree = f.tree;
}

std::optional<tree_cursor::visit> tree_cursor::peek() {
  stuck_ = false;
  while (!frames_.empty()) {
    frame& f = frames_.back();
    if (!load(f)) {
      stuck_ = true;
      return std::nullopt;
    }
    if (f.next < f.tree->entries.size())
      return visit{f.directory, f.next, &f.tree->entries[f.next]};
    leave();
  }
  return std::nullopt;
}

void tree_cursor::leave() {
  frames_.pop_back();
  if (next_.empty())
    return;
  frames_.push_back({std::move(next_.front()), nullptr, 0, true});
  next_.pop_front();
}

void tree_cursor::step() {
  auto at = peek();
  if (!at)
    return;
  ++frames_.back().next;
  if (at->entry->kind != entry_kind::directory)
    return;
  auto link = std::make_shared<directory_location>(directory_location{at->directory, at->index, at->entry->id,
                                                                      child_key(at->directory->key, at->entry->name),
                                                                      at->entry->name, at->directory->shown});
  if (order_ == walk_order::breadth_first)
    next_.push_back(std::move(link));
  else
    frames_.push_back({std::move(link), nullptr, 0, true});
}

bool tree_cursor::skip_missing() {
  if (stuck_)
    leave();
  return std::exchange(stuck_, false);
}

void tree_cursor::refresh_sizes() {
  for (frame& f : frames_)
    if (f.tree)
      f.tree = with_sizes(*db_, f.directory->tree, std::move(f.tree));
}

// Past what is missing, too: all that can be told leaves in one request, so a walk waits once for each level of the
// tree and not once for each of its directories.
std::vector<oid> tree_cursor::missing(std::size_t most, std::size_t floor) {
  std::vector<oid> out;
  if (peek() || !stuck_)
    return out;
  tree_cursor scout{*this};
  for (std::size_t passed = 0; out.size() < most && passed < most;) {
    if (const auto at = scout.peek(); scout.has_left(floor)) {
      break;
    } else if (at) {
      passed += at->entry->kind == entry_kind::directory ? 1 : 0;
      scout.step();
    } else if (scout.stuck_) {
      out.push_back(scout.frames_.back().directory->tree);
      scout.leave();
    } else {
      break;
    }
  }
  return out;
}

tree_position tree_cursor::position() const {
  if (frames_.empty())
    return end_position;
  return position_of(*frames_.back().directory, frames_.back().next);
}

} // namespace gitfs
