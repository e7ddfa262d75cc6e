#include "actors/prefetch/namesakes.hpp"

#include "actors/mount/mounted_ref.hpp"

#include <algorithm>
#include <utility>

namespace gitfs {

bool namesakes::read(const directory_location_ptr& directory, child_index file, std::string_view name, const oid& id) {
  known* const found = known_.use(std::string{name});
  if (found == nullptr) {
    first_read(directory, file, name, id);
    return false;
  }
  known& k = *found;
  if (k.requested.erase(id) != 0) {
    ++k.hits;
  } else {
    ++k.misses;
    if (tree_position all = common_part(k.within, position_of(*directory)); all != k.within) {
      k.within = std::move(all); // a higher directory, so there are files that the cursor has not seen
      k.all_seen = k.from_start = false;
      k.cursor.reset();
    }
  }
  const bool in_vain = k.misses * limits_.misses_per_file >= k.last;
  if (k.in_flight == 0 && !k.all_seen && (in_vain || k.hits * 2 >= k.last))
    want_window(name, k, directory, file, id);
  return true;
}

void namesakes::first_read(const directory_location_ptr& directory, child_index file, std::string_view name,
                           const oid& id) {
  if (recent_.size() == limits_.last_ones)
    recent_.pop_front();
  recent_.push_back({std::string{name}, directory});
  tree_position within = position_of(*directory);
  std::unordered_set<std::uint64_t> directories;
  for (const recent& each : recent_)
    if (each.name == name && directories.insert(each.directory->key).second)
      within = common_part(within, position_of(*each.directory));
  if (directories.size() < limits_.reads)
    return;
  std::erase_if(recent_, [&](const recent& each) { return each.name == name; });
  if (known_.size() == limits_.names)
    known_.take_oldest(); // its running wants are not cancelled, since there was good reason for them
  known& fresh = *known_.add(std::string{name}, {.within = std::move(within), .window = limits_.first});
  want_window(name, fresh, directory, file, id);
}

// Moves the cursor to the next entry whose tree is here; from the end it goes on at the start. False: there is none.
bool namesakes::next_entry(known& k, const directory_location_ptr& directory) {
  for (;;) {
    const auto at = k.cursor->peek();
    const bool left = k.cursor->has_left(k.within.size());
    if (at && !left)
      return true;
    if (!left && k.cursor->skip_missing())
      continue;
    if (std::exchange(k.from_start, true))
      return false;
    k.cursor.emplace(db_, ancestor_at(directory, k.within.size()), 0);
  }
}

void namesakes::want_window(std::string_view name, known& k, const directory_location_ptr& directory, child_index file,
                            const oid& being_read) {
  if (!k.cursor)
    k.cursor.emplace(db_, directory, file + 1);
  if (k.last != 0)
    k.window = std::min(k.window * (k.hits * 4 >= k.last ? limits_.growth : limits_.growth_missed), limits_.most);
  std::vector<oid> ids;
  std::uint64_t bytes = 0;
  std::size_t directories = 0;
  while (ids.size() < k.window && bytes < limits_.bytes && directories < limits_.directories) {
    if (!next_entry(k, directory)) {
      k.all_seen = true;
      break;
    }
    const tree_entry& e = *k.cursor->peek()->entry;
    directories += e.kind == entry_kind::directory ? 1 : 0;
    if ((e.kind == entry_kind::file || e.kind == entry_kind::executable) && e.name == name && e.id != being_read
        && !db_.contains(e.id) && k.requested.insert(e.id).second) {
      bytes += e.size == unknown_size ? assumed_blob_size : e.size;
      ids.push_back(e.id);
    }
    k.cursor->step();
  }
  k.hits = k.misses = 0;
  k.last = ids.size();
  if (ids.empty())
    return;
  k.in_flight = next_want_++;
  want w{k.in_flight, want_kind::blobs, urgency::speculation, std::move(ids)};
  w.commit = commit_of(*directory);
  port_.ask(std::move(w));
}

void namesakes::forgotten(const directory_location& directory) {
  const tree_position p = position_of(directory);
  known_.erase_if([&](const known& k) {
    if (k.within.size() < p.size() || !std::equal(p.begin(), p.end(), k.within.begin()))
      return false;
    if (k.in_flight != 0)
      port_.cancel(k.in_flight);
    return true;
  });
}

void namesakes::clear() {
  for (const auto& [name, k] : known_.take_all())
    if (k.in_flight != 0)
      port_.cancel(k.in_flight);
  recent_.clear();
}

void namesakes::finished(want_id id, const want_result&) {
  for (auto& [name, k] : known_)
    if (k.in_flight == id)
      k.in_flight = 0;
}

} // namespace gitfs
