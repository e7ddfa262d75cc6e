#include "actors/prefetch/folder_sets.hpp"

#include "actors/mount/mounted_ref.hpp"
#include "backend/cache/listing_cache.hpp"
#include "backend/git/tree.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace gitfs {

namespace {

directory_location_ptr child_of(const directory_location_ptr& directory, child_index index, const tree_entry& entry) {
  return std::make_shared<directory_location>(directory_location{
      directory, index, entry.id, child_key(directory->key, entry.name), entry.name, directory->shown});
}

} // namespace

void folder_sets::listed(const directory_location& directory) {
  if (listed_.size() == limits_.listed)
    listed_.take_oldest();
  listed_.add(directory.key, true);
}

bool folder_sets::was_wanted(const directory_location_ptr& directory, const oid& id) {
  const auto it = requested_.find(id);
  if (it == requested_.end())
    return false;
  const path_key owner = it->second;
  requested_.erase(it);
  count_read(directory);
  if (folder* const f = known_.use(owner)) {
    ++f->hits;
    ++f->read_in_all;
    f->unread -= f->unread != 0 ? 1 : 0;
    if (f->in_flight == 0 && f->hits * 2 >= f->asked)
      want_window(*f);
  }
  if (folder* const set = raise(directory); set != nullptr && set->in_flight == 0)
    want_window(*set);
  return true;
}

void folder_sets::read(const directory_location_ptr& directory, child_index file, const oid& id, bool was_looked_up) {
  if (!was_looked_up && db_.contains(id))
    return; // it costs nobody a request
  count_read(directory);
  folder* set = raise(directory);
  const bool fresh = set != nullptr;
  if (!fresh)
    set = set_above(directory);
  if (set == nullptr) {
    folder& own = known(directory);
    note(own, directory, file);
    const bool meets = ++own.reads == limits_.reads;
    count_stray(directory, file, meets);
    set = raise_scattered(directory);
    if (meets) {
      own.is_set = true;
      own.read_in_all = own.reads;
    }
    if (set != nullptr || meets)
      want_window(set != nullptr ? *set : own);
    return;
  }
  note(*set, directory, file);
  ++set->read_in_all;
  ++set->misses;
  if (set->in_flight != 0)
    return;
  if (set->done.contains(directory->key))
    set->done.clear(); // what was asked for has been evicted since, or did not fit
  if (fresh || set->scattered || set->misses >= limits_.misses)
    want_window(*set);
}

folder_sets::folder& folder_sets::known(const directory_location_ptr& directory) {
  if (folder* const f = known_.use(directory->key))
    return *f;
  if (known_.size() == limits_.remembered)
    known_.take_oldest(); // its running wants are not cancelled, since there was good reason for them
  return *known_.add(directory->key,
                     {.directory = directory, .window = limits_.first, .window_bytes = limits_.first_bytes});
}

// The highest deep set with this directory in it, else the directory itself if it is a set.
folder_sets::folder* folder_sets::set_above(const directory_location_ptr& directory) {
  folder* found = nullptr;
  for (directory_location_ptr d = directory;; d = d->parent) {
    if (folder* const f = known_.find(d->key); f != nullptr && f->is_set && (f->deep || d == directory))
      found = f;
    if (is_root(*d))
      break;
  }
  return found == nullptr ? nullptr : known_.use(found->directory->key);
}

// Counts a read in all directories that it is below, and so a directory in which something was read for the first time,
// and one that was listed and of which half was read.
void folder_sets::count_read(const directory_location_ptr& directory) {
  folder& own = known(directory);
  const bool first = own.read_here++ == 0;
  if (first) {
    const auto tree = read_listing(db_, directory->tree);
    own.files = tree ? static_cast<std::size_t>(std::ranges::count_if(
                    tree.value()->entries, [](const tree_entry& e) { return has_contents(e.kind); }))
                     : 0;
  }
  const bool complete = !own.complete && was_listed(*directory) && own.read_here * 2 >= own.files;
  own.complete |= complete;
  ++reads_;
  for (directory_location_ptr d = directory;; d = d->parent) {
    folder& up = known(d);
    if (up.reads_below++ == 0)
      up.since = reads_;
    up.touched_below += first ? 1 : 0;
    up.complete_below += complete ? 1 : 0;
    if (is_root(*d))
      break;
  }
}

// Readers who go through directory after directory: makes the lowest directory a deep set in which two were read and
// most of those that were begun. Null: there is no new set.
folder_sets::folder* folder_sets::raise(const directory_location_ptr& directory) {
  if (folder* const set = set_above(directory); set != nullptr && set->deep && is_root(*set->directory))
    return nullptr;
  folder* lowest = nullptr;
  for (directory_location_ptr d = directory;; d = d->parent) {
    folder* const f = known_.find(d->key);
    if (f != nullptr && f->deep)
      lowest = nullptr; // what is below it is wanted already
    else if (f != nullptr && lowest == nullptr && was_listed(*d) && holds_readers(*f)
             && f->complete_below >= limits_.complete && f->complete_below * 2 >= f->touched_below)
      lowest = f;
    if (is_root(*d))
      break;
  }
  if (lowest == nullptr)
    return nullptr;
  lowest->is_set = lowest->deep = true;
  lowest->at = directory;
  lowest->read_in_all = lowest->reads_below;
  return lowest;
}

void folder_sets::followed(const directory_location_ptr& directory) {
  folder* const own = known_.find(directory->key);
  if (own == nullptr || own->reads == 0 || std::exchange(own->followed, true) || set_above(directory) != nullptr)
    return;
  count_meeting(directory);
  if (folder* const set = raise_scattered(directory))
    want_window(*set);
}

void folder_sets::count_meeting(const directory_location_ptr& directory) {
  for (directory_location_ptr d = directory;; d = d->parent) {
    ++known(d).meetings;
    if (is_root(*d))
      break;
  }
}

// Counts a read that no set explains, in all directories that it is below. `meets`: another one was in its directory.
void folder_sets::count_stray(const directory_location_ptr& directory, child_index file, bool meets) {
  if (meets)
    count_meeting(directory);
  const tree_position p = position_of(*directory, file);
  for (directory_location_ptr d = directory;; d = d->parent) {
    folder& up = known(d);
    if (up.strays++ != 0)
      ++(p < up.last_stray ? up.descents : up.ascents);
    up.last_stray = p;
    if (is_root(*d))
      break;
  }
}

// Readers without any order, or several at once: makes the lowest directory a deep set of which somebody has listed
// all, and in which files were then read now forward and now backward, or with gaps, two of them in one directory.
// Null: there is none.
folder_sets::folder* folder_sets::raise_scattered(const directory_location_ptr& directory) {
  for (directory_location_ptr d = directory; was_listed(*d); d = d->parent) {
    folder& up = known(d);
    const std::size_t turns = std::min(up.ascents, up.descents);
    if (up.strays >= limits_.strays && holds_readers(up)
        && up.meetings >= (turns >= limits_.turns ? 1 : limits_.meetings) && all_listed(d)) {
      up.is_set = up.deep = up.scattered = true;
      up.at = directory;
      up.read_in_all = up.reads_below;
      up.window = up.read_in_all * limits_.unread_for_each / 2;
      return &up;
    }
    if (is_root(*d))
      break;
  }
  return nullptr;
}

bool folder_sets::all_listed(const directory_location_ptr& directory) const {
  std::vector<directory_location_ptr> pending{directory};
  for (std::size_t seen = 0; !pending.empty(); ++seen) {
    const directory_location_ptr d = std::move(pending.back());
    pending.pop_back();
    if (seen == limits_.listed || !was_listed(*d))
      return false;
    const auto tree = read_listing(db_, d->tree);
    if (!tree)
      return false;
    for (child_index i = 0; i < tree.value()->entries.size(); ++i)
      if (const tree_entry& e = tree.value()->entries[i]; e.kind == entry_kind::directory)
        pending.push_back(child_of(d, i, e));
  }
  return true;
}

// True if at least half of what was read since the first read in this directory was in it. Who compiles reads a file
// here and there, also where all was listed once.
bool folder_sets::holds_readers(const folder& f) const {
  return f.reads_below * 2 > reads_ - f.since;
}

void folder_sets::note(folder& f, const directory_location_ptr& directory, child_index file) {
  tree_position p = position_of(*directory, file);
  if (!f.last.empty())
    f.backward = p < f.last;
  f.last = std::move(p);
  f.at = directory;
}

// A window of one directory brings all of it that its bytes allow. That of a deep set has a number of files as well.
void folder_sets::want_window(folder& f) {
  needs found;
  found.limit = port_.share_of(f.deep || was_listed(*f.directory) ? limits_.bytes : f.window_bytes);
  found.most = f.deep ? f.window : limits_.most;
  if (f.scattered) {
    found.limit *= 2; // each read that it lacks is a wait, until it has everything
  } else if (f.deep) {
    const std::size_t allowed = std::max(f.read_in_all * limits_.unread_for_each, limits_.first);
    found.most = std::min(found.most, allowed - std::min(f.unread, allowed));
  }
  if (found.most == 0)
    return;
  collect(f, found);
  f.hits = f.misses = 0;
  f.asked = found.ids.size();
  if (found.ids.empty())
    return;
  f.window = std::min(f.window * (f.scattered ? limits_.growth_scattered : limits_.growth), limits_.most);
  f.window_bytes = std::min(f.window_bytes * 4, limits_.bytes);
  for (const oid& id : found.ids)
    requested_.insert_or_assign(id, f.directory->key);
  f.unread += found.ids.size();
  f.in_flight = next_want_++;
  want w{f.in_flight, want_kind::blobs, urgency::speculation, std::move(found.ids)};
  w.commit = commit_of(*f.directory);
  port_.ask(std::move(w));
}

// From the directory of the last reader outward: at each level first what lies in the readers' direction.
void folder_sets::collect(folder& f, needs& found) {
  directory_location_ptr d = f.at;
  const auto own = read_listing(db_, d->tree);
  if (own && (f.deep ? !collect_all(f, d, found) : !collect_files(*own.value(), found)))
    return;
  for (; d->key != f.directory->key && !is_root(*d); d = d->parent) {
    const auto tree = read_listing(db_, d->parent->tree);
    if (!tree)
      continue;
    if (!collect_files(*tree.value(), found)
        || !collect_below(f, d->parent, *tree.value(), d->place(), f.backward, found)
        || !collect_below(f, d->parent, *tree.value(), d->place(), !f.backward, found))
      return;
  }
}

// The small files of a directory come first, since each of them costs its reader as much waiting as a large one. False:
// the window is full.
bool folder_sets::collect_files(const parsed_tree& tree, needs& found) const {
  std::vector<std::pair<std::uint64_t, const oid*>> files;
  for (const tree_entry& e : tree.entries)
    if (has_contents(e.kind) && !requested_.contains(e.id) && !db_.contains(e.id))
      files.emplace_back(e.size == unknown_size ? assumed_blob_size : e.size, &e.id);
  std::ranges::stable_sort(files, {}, &std::pair<std::uint64_t, const oid*>::first);
  for (const auto& [size, id] : files) {
    if (found.ids.size() == found.most || (found.bytes != 0 && found.bytes + size > found.limit)) {
      found.full = true;
      return false;
    }
    if (size > found.limit)
      continue; // its reader waits for it alone
    found.bytes += std::max<std::uint64_t>(size, 1);
    found.ids.push_back(*id);
  }
  return true;
}

bool folder_sets::collect_below(folder& f, const directory_location_ptr& directory, const parsed_tree& tree,
                                child_index from, bool backward, needs& found) {
  const auto enter = [&](child_index i) {
    const tree_entry& e = tree.entries[i];
    return e.kind != entry_kind::directory || collect_all(f, child_of(directory, i, e), found);
  };
  if (backward) {
    for (child_index i = std::min(from, static_cast<child_index>(tree.entries.size())); i-- > 0;)
      if (!enter(i))
        return false;
    return true;
  }
  for (child_index i = from; i < tree.entries.size(); ++i)
    if (!enter(i))
      return false;
  return true;
}

// False: the window is full.
bool folder_sets::collect_all(folder& f, const directory_location_ptr& directory, needs& found) {
  if (f.done.contains(directory->key))
    return true;
  if (++found.directories > limits_.directories)
    return false;
  const auto tree = read_listing(db_, directory->tree);
  if (!tree)
    return true; // its tree may come later
  const auto end = static_cast<child_index>(tree.value()->entries.size());
  if (!collect_files(*tree.value(), found)
      || !collect_below(f, directory, *tree.value(), f.backward ? end : 0, f.backward, found))
    return false;
  f.done.insert(directory->key);
  return true;
}

void folder_sets::cancel(folder& f) {
  if (f.in_flight != 0)
    port_.cancel(f.in_flight);
  std::erase_if(requested_, [&](const auto& each) { return each.second == f.directory->key; });
  f.in_flight = 0;
  f.hits = f.misses = f.asked = f.unread = 0;
  f.done.clear();
}

// A kernel that is short of memory forgets directories also while they are read. So nothing more comes ahead for this
// one, but what its readers have done still counts when they go on.
void folder_sets::forgotten(const directory_location& directory) {
  if (folder* const f = known_.find(directory.key))
    cancel(*f);
}

void folder_sets::clear() {
  listed_.take_all();
  for (auto& [key, f] : known_.take_all())
    cancel(f);
}

std::vector<activity::walker> folder_sets::walkers() const {
  std::vector<activity::walker> out;
  for (const auto& [key, f] : known_)
    if (f.is_set && f.unread != 0)
      out.push_back({{}, f.unread, f.in_flight != 0 ? 1U : 0U, shown_path("/" + path_of(*f.directory))});
  return out;
}

void folder_sets::finished(want_id id, const want_result& outcome) {
  for (auto& [key, f] : known_) {
    if (f.in_flight != id)
      continue;
    f.in_flight = 0;
    if (outcome.code == 0)
      return;
    const path_key failed = key;
    std::erase_if(requested_, [&](const auto& each) { return each.second == failed; });
    f.unread = 0;
    f.done.clear();
    return;
  }
}

} // namespace gitfs
