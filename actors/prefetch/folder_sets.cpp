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

bool folder_sets::was_wanted(const oid& id) {
  const auto it = requested_.find(id);
  if (it == requested_.end())
    return false;
  folder* const f = known_.use(it->second);
  requested_.erase(it);
  if (f == nullptr)
    return true;
  ++f->hits;
  ++f->read_in_all;
  f->unread -= f->unread != 0 ? 1 : 0;
  if (f->in_flight == 0 && f->hits * 2 >= f->asked)
    want_window(*f);
  return true;
}

void folder_sets::read(const directory_location_ptr& directory, child_index file, const oid& id) {
  if (db_.contains(id))
    return; // it costs nobody a request
  folder* set = set_above(directory);
  if (set == nullptr) {
    folder& f = known(directory);
    note(f, directory, file);
    if (++f.reads < (listed_.contains(directory->key) ? limits_.reads_listed : limits_.reads))
      return;
    set = raise(directory);
    note(*set, directory, file);
    set->read_in_all = reads_below(*set);
    want_window(*set);
    return;
  }
  note(*set, directory, file);
  ++set->read_in_all;
  ++set->misses;
  if (set->in_flight == 0 && set->done.contains(directory->key))
    set->done.clear(); // what was asked for has been evicted since, or did not fit
  if (set->in_flight == 0 && set->misses >= limits_.misses)
    want_window(*set);
}

folder_sets::folder& folder_sets::known(const directory_location_ptr& directory) {
  if (folder* const f = known_.use(directory->key))
    return *f;
  if (known_.size() == limits_.remembered)
    known_.take_oldest(); // its running wants are not cancelled, since there was good reason for them
  return *known_.add(directory->key, {.directory = directory, .window = limits_.first});
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

// Makes the directory a set, and the first directory above it that has enough sets below it. Returns that one.
folder_sets::folder* folder_sets::raise(const directory_location_ptr& directory) {
  known(directory).is_set = true;
  for (directory_location_ptr d = directory; !is_root(*d); d = d->parent) {
    folder& up = known(d->parent);
    up.children.insert(d->key);
    if (up.children.size() < (listed_.contains(up.directory->key) ? limits_.children_listed : limits_.children))
      continue;
    up.is_set = up.deep = true;
    return &up;
  }
  return &known(directory);
}

std::size_t folder_sets::reads_below(const folder& f) const {
  const auto is_below = [&](directory_location_ptr d) {
    while (d->key != f.directory->key && !is_root(*d))
      d = d->parent;
    return d->key == f.directory->key;
  };
  std::size_t reads = 0;
  for (const auto& [key, each] : known_)
    reads += each.reads != 0 && is_below(each.directory) ? each.reads : 0;
  return reads;
}

void folder_sets::note(folder& f, const directory_location_ptr& directory, child_index file) {
  tree_position p = position_of(*directory, file);
  if (!f.last.empty())
    f.backward = p < f.last;
  f.last = std::move(p);
  f.at = directory;
}

void folder_sets::want_window(folder& f) {
  const std::size_t share =
      listed_.contains(f.directory->key) ? limits_.unread_for_each_listed : limits_.unread_for_each;
  const std::size_t allowed = std::max(f.read_in_all * share, limits_.first);
  needs found;
  found.limit = port_.share_of(limits_.bytes);
  found.most = std::min(f.window, allowed - std::min(f.unread, allowed));
  if (found.most == 0)
    return;
  collect(f, found);
  f.hits = f.misses = 0;
  f.asked = found.ids.size();
  if (found.ids.empty())
    return;
  f.window = std::min(f.window * limits_.growth, limits_.most);
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

void folder_sets::drop(const folder& f) {
  if (f.in_flight != 0)
    port_.cancel(f.in_flight);
  std::erase_if(requested_, [&](const auto& each) { return each.second == f.directory->key; });
}

void folder_sets::forgotten(const directory_location& directory) {
  listed_.take(directory.key);
  for (const auto& [key, f] : known_.take(directory.key))
    drop(f);
}

void folder_sets::clear() {
  listed_.take_all();
  for (const auto& [key, f] : known_.take_all())
    drop(f);
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
