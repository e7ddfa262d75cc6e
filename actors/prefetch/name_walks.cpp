#include "actors/prefetch/name_walks.hpp"

#include "actors/mount/mounted_ref.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace gitfs {

void name_walks::looked_up(const directory_location_ptr& directory, const oid& file) {
  if (covers(*directory))
    return;
  if (unread_.size() == limits_.remembered)
    unread_.pop_front();
  unread_.push_back({file, directory});
  want_if_due();
}

void name_walks::read(const oid& file) {
  std::erase_if(unread_, [&](const look_up& each) { return each.file == file; });
}

// True if all sizes in that directory were wanted. The directories on the way to the cursor are not covered yet.
bool name_walks::covers(const directory_location& directory) const {
  if (!cursor_)
    return false;
  const tree_position p = position_of(directory);
  if (!is_within(p, within_))
    return false;
  const tree_position at = cursor_->position();
  const bool passed = p < at && !is_within(at, p);
  const bool behind_start = !(p < position_of(*from_));
  return all_seen_ || (again_ ? passed || behind_start : passed && behind_start);
}

void name_walks::want_if_due() {
  if (sizes_ != 0 || trees_ != 0)
    return;
  std::unordered_map<path_key, std::size_t> directories;
  for (const look_up& each : unread_) {
    std::size_t& counts = directories[each.directory->key];
    counts = std::max(counts, each.file.is_zero() ? limits_.for_listed : 1);
  }
  std::size_t sum = 0;
  for (const auto& [key, counts] : directories)
    sum += counts;
  if (sum < limits_.directories)
    return;
  begin();
  window_ = window_ == 0 ? limits_.first : std::min(window_ * limits_.growth, limits_.most);
  owed_ = window_;
  want_window();
  std::erase_if(unread_, [this](const look_up& each) { return covers(*each.directory); });
}

// Starts the cursor anew where there is none, or if somebody is outside the directory below which it goes.
void name_walks::begin() {
  directory_location_ptr first = unread_.front().directory;
  tree_position within = cursor_ ? within_ : position_of(*first);
  for (const look_up& each : unread_) {
    const tree_position p = position_of(*each.directory);
    within = common_part(within, p);
    if (p < position_of(*first))
      first = each.directory;
  }
  if (cursor_ && within == within_)
    return;
  within_ = std::move(within);
  from_ = std::move(first);
  again_ = all_seen_ = false;
  cursor_.emplace(db_, from_, 0);
}

// False: all was seen, or the cursor is before a tree that is missing.
bool name_walks::next_entry() {
  while (!all_seen_) {
    const auto at = cursor_->peek();
    if (cursor_->has_left(within_.size())) {
      all_seen_ = std::exchange(again_, true);
      cursor_.emplace(db_, ancestor_at(from_, within_.size()), 0);
    } else if (again_ && !(cursor_->position() < position_of(*from_))) {
      all_seen_ = true;
    } else {
      return at.has_value();
    }
  }
  return false;
}

// The window ends before a directory, so that the files before it, which belong to another one, are all in it.
void name_walks::want_window() {
  port_.window_begins();
  std::vector<oid> sizes;
  while (next_entry()) {
    const tree_entry& e = *cursor_->peek()->entry;
    if (e.kind == entry_kind::directory && sizes.size() >= owed_)
      break;
    if (has_contents(e.kind) && e.size == unknown_size)
      sizes.push_back(e.id);
    cursor_->step();
  }
  owed_ -= std::min(owed_, sizes.size());
  if (!sizes.empty()) {
    sizes_ = next_want_;
    ask(want_kind::sizes, std::move(sizes));
  }
  if (auto trees = all_seen_ ? std::vector<oid>{} : cursor_->missing(limits_.trees_at_once, within_.size());
      !trees.empty()) {
    trees_ = next_want_;
    ask(want_kind::trees, std::move(trees));
  }
  port_.window_ends();
}

void name_walks::ask(want_kind kind, std::vector<oid> ids) {
  want w{next_want_++, kind, urgency::speculation, std::move(ids)};
  w.commit = commit_of(*from_);
  port_.ask(std::move(w));
}

void name_walks::finished(want_id id, const want_result& outcome) {
  if (id == sizes_)
    sizes_ = 0;
  if (id == trees_) {
    trees_ = 0;
    if (outcome.code != 0)
      all_seen_ = true; // whoever looks there gets the error himself
    else if (!cursor_->missing(1).empty())
      cursor_->skip_missing();
    if (owed_ != 0)
      want_window();
  }
  want_if_due();
}

void name_walks::forgotten(const directory_location& directory) {
  const tree_position p = position_of(directory);
  std::erase_if(unread_, [&](const look_up& each) { return is_within(position_of(*each.directory), p); });
  if (cursor_ && is_within(within_, p))
    clear();
}

void name_walks::clear() {
  for (want_id* const each : {&sizes_, &trees_})
    if (const want_id id = std::exchange(*each, 0); id != 0)
      port_.cancel(id);
  unread_.clear();
  cursor_.reset();
  from_.reset();
  window_ = owed_ = 0;
}

std::vector<activity::walker> name_walks::walkers() const {
  if (sizes_ == 0 && trees_ == 0)
    return {};
  return {{{}, window_, (sizes_ != 0 ? 1U : 0U) + (trees_ != 0 ? 1U : 0U), shown_path("/" + path_of(*from_))}};
}

} // namespace gitfs
