#include "actors/readahead.hpp"

#include <algorithm>

namespace gitfs {

namespace {

constexpr std::uint64_t assumed_blob_size = 16 * 1024; // the mean of the Linux tree

bool has_contents(entry_kind kind) {
  return kind != entry_kind::directory && kind != entry_kind::gitlink;
}

} // namespace

bool readahead::unit(const tree_cursor::visit& v) const {
  return kind_ == kind::listings ? v.entry->kind == entry_kind::directory : has_contents(v.entry->kind);
}

void readahead::to_next_unit(tree_cursor& c) const {
  for (auto v = c.peek(); v && !unit(*v); v = c.peek())
    c.step();
}

bool readahead::in_stream(stream& s, const tree_position& p) {
  if (p < s.start)
    return false;
  to_next_unit(s.horizon); // its tree may have come meanwhile
  return p <= s.horizon.position();
}

void readahead::at(const dir_link_ptr& directory, child_index file) {
  const bool contents = kind_ == kind::contents;
  const tree_position p = contents ? position_of(*directory, file) : position_of(*directory);
  for (auto it = streams_.begin(); it != streams_.end(); ++it)
    if (in_stream(*it, p)) {
      streams_.splice(streams_.begin(), streams_, it);
      if (p >= it->trigger)
        widen(*it, p);
      return;
    }
  if (streams_.size() == limits_.streams) {
    drop(streams_.back());
    streams_.pop_back();
  }
  // What comes next in walk order: inside a directory that was listed, behind a file that was read.
  stream& s =
      streams_.emplace_front(stream{p, tree_cursor{db_, directory, contents ? file + 1 : 0}, {}, {}, 0, 0, 0, {}});
  to_next_unit(s.horizon);
  s.trigger = s.horizon.position();
}

void readahead::widen(stream& s, const tree_position& p) {
  if (s.trees != 0)
    return; // the last move is still waiting for trees
  s.window = s.window == 0 ? limits_.first : std::min(s.window * limits_.growth, limits_.most);
  // The reader caught up with the horizon: it goes on from the middle of the new window. Otherwise from its start, so
  // that the window after it is on its way while this one is used.
  const bool caught_up = p >= s.horizon.position();
  s.trigger = limits_.windows_ahead > 1 && !s.newest.empty() ? s.newest : s.horizon.position();
  s.newest = s.horizon.position();
  if (caught_up) {
    tree_cursor half = s.horizon;
    for (std::size_t n = 0; n < s.window / 2 && half.peek(); ++n) {
      half.step();
      to_next_unit(half);
    }
    s.trigger = half.position();
  }
  s.owed = s.window;
  advance(s);
}

void readahead::advance(stream& s) {
  port_.window_begins();
  want_window(s);
  port_.window_ends();
}

void readahead::want_window(stream& s) {
  needs found;
  // Up to, not including, the unit after the window: what lies between belongs to the last one in it.
  while (!found.full) {
    auto v = s.horizon.peek();
    if (!v || (unit(*v) && s.owed == 0))
      break;
    if (unit(*v))
      --s.owed;
    kind_ == kind::contents ? add_contents(*v, found) : add_attributes(*v, found);
    if (!found.full)
      s.horizon.step();
  }
  if (found.full)
    s.owed = 0;
  keep_unknown(found.sizes);
  ask(s, want_kind::sizes, std::move(found.sizes));
  ask(s, want_kind::blobs, std::move(found.blobs));
  if (found.full || s.trees != 0)
    return;
  std::vector<oid> trees = s.horizon.missing(std::max<std::size_t>(s.owed, 1));
  if (trees.empty()) {
    s.owed = 0; // the window is full, or the snapshot ends in it
    return;
  }
  ask(s, want_kind::trees, std::move(trees));
  s.trees = next_want_ - 1;
}

void readahead::add_contents(const tree_cursor::visit& v, needs& found) {
  if (!has_contents(v.entry->kind))
    return;
  std::uint64_t size = unknown_size;
  db_.sizes({&v.entry->id, 1}, {&size, 1});
  found.bytes += size == unknown_size ? assumed_blob_size : size;
  if (found.bytes > limits_.bytes && !found.blobs.empty())
    found.full = true;
  else if (!db_.contains(v.entry->id))
    found.blobs.push_back(v.entry->id);
}

void readahead::add_attributes(const tree_cursor::visit& v, needs& found) const {
  if (has_contents(v.entry->kind))
    found.sizes.push_back(v.entry->id);
  if (v.entry->kind == entry_kind::symlink && !db_.contains(v.entry->id))
    found.blobs.push_back(v.entry->id); // its target is what `ls -l` shows
}

void readahead::keep_unknown(std::vector<oid>& ids) const {
  std::vector<std::uint64_t> sizes(ids.size(), unknown_size);
  db_.sizes(ids, sizes);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < ids.size(); ++i)
    if (sizes[i] == unknown_size)
      ids[kept++] = ids[i];
  ids.resize(kept);
}

void readahead::ask(stream& s, want_kind wanted, std::vector<oid> ids) {
  if (ids.empty())
    return;
  s.in_flight.push_back(next_want_);
  port_.ask({next_want_++, wanted, urgency::speculation, std::move(ids)});
}

void readahead::finished(want_id id, const want_result& outcome) {
  for (stream& s : streams_) {
    if (std::erase(s.in_flight, id) == 0)
      continue;
    if (s.trees == id) {
      s.trees = 0;
      if (outcome.code != 0 || !s.horizon.missing(1).empty()) {
        s.owed = 0; // cannot be had: the reader will meet the error itself, and guessing ends here
        return;
      }
      advance(s);
    }
    return;
  }
}

void readahead::drop(stream& s) {
  for (want_id id : s.in_flight)
    port_.cancel(id);
}

} // namespace gitfs
