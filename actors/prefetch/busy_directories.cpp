#include "actors/prefetch/busy_directories.hpp"

#include "actors/mount/mounted_ref.hpp"
#include "backend/git/tree.hpp"

#include <algorithm>

namespace gitfs {

void busy_directories::read(const directory_location_ptr& directory) {
  auto it =
      std::find_if(known_.begin(), known_.end(), [&](const busy& b) { return b.directory->key == directory->key; });
  if (it == known_.end()) {
    if (known_.size() == limits_.directories)
      known_.pop_back(); // what is on its way for it was wanted with good reason: it comes
    it = known_.insert(known_.begin(), busy{directory, 0, limits_.reads, limits_.first, 0, 0});
  }
  known_.splice(known_.begin(), known_, it);
  if (++it->reads >= it->next_at && it->in_flight == 0)
    want_window(*it);
}

void busy_directories::want_window(busy& b) {
  b.next_at = b.reads + b.window / 4; // most of what is read now was not wanted ahead, or nobody reads here any more
  const auto raw = db_.read(b.directory->tree);
  if (!raw)
    return;
  const auto tree = parse_tree(raw.value().data());
  if (!tree)
    return;
  const auto& entries = tree.value().entries;
  std::vector<oid> ids;
  std::uint64_t bytes = 0;
  for (; b.next < entries.size() && ids.size() < b.window && bytes < limits_.bytes; ++b.next) {
    const tree_entry& e = entries[b.next];
    if ((e.kind != entry_kind::file && e.kind != entry_kind::executable) || db_.contains(e.id))
      continue;
    std::uint64_t size = unknown_size;
    db_.sizes({&e.id, 1}, {&size, 1});
    bytes += size == unknown_size ? assumed_blob_size : size;
    ids.push_back(e.id);
  }
  b.window *= limits_.growth;
  if (ids.empty())
    return;
  b.in_flight = next_want_++;
  want w{b.in_flight, want_kind::blobs, urgency::speculation, std::move(ids)};
  w.commit = commit_of(*b.directory);
  port_.ask(std::move(w));
}

void busy_directories::forgotten(const directory_location& directory) {
  std::erase_if(known_, [&](const busy& b) {
    if (b.directory->key != directory.key)
      return false;
    if (b.in_flight != 0)
      port_.cancel(b.in_flight);
    return true;
  });
}

void busy_directories::clear() {
  for (const busy& b : known_)
    if (b.in_flight != 0)
      port_.cancel(b.in_flight);
  known_.clear();
}

std::vector<activity::walker> busy_directories::walkers() const {
  std::vector<activity::walker> out;
  for (const busy& b : known_)
    if (b.window > limits_.first)
      out.push_back(
          {{}, b.window / limits_.growth, b.in_flight != 0 ? 1U : 0U, shown_path("/" + path_of(*b.directory))});
  return out;
}

void busy_directories::finished(want_id id) {
  for (busy& b : known_)
    if (b.in_flight == id)
      b.in_flight = 0;
}

} // namespace gitfs
