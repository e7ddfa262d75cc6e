#include "actors/prefetch/busy_directories.hpp"

#include "actors/mount/mounted_ref.hpp"
#include "backend/git/tree.hpp"

#include <utility>

namespace gitfs {

void busy_directories::read(const directory_location_ptr& directory) {
  busy* b = known_.use(directory->key);
  if (b == nullptr) {
    if (known_.size() == limits_.directories)
      known_.take_oldest(); // its running wants are not cancelled, since there was good reason for them
    b = known_.add(directory->key, {directory, 0, limits_.reads, limits_.first, 0, 0});
  }
  if (++b->reads >= b->next_at && b->in_flight == 0)
    want_window(*b);
}

void busy_directories::want_window(busy& b) {
  // Only reads of files that were not wanted ahead count, so most files of the window are not needed for the next one.
  b.next_at = b.reads + b.window / 4;
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
  for (const auto& [key, b] : known_.take(directory.key))
    if (b.in_flight != 0)
      port_.cancel(b.in_flight);
}

void busy_directories::clear() {
  for (const auto& [key, b] : known_.take_all())
    if (b.in_flight != 0)
      port_.cancel(b.in_flight);
}

std::vector<activity::walker> busy_directories::walkers() const {
  std::vector<activity::walker> out;
  for (const auto& [key, b] : known_)
    if (b.window > limits_.first)
      out.push_back(
          {{}, b.window / limits_.growth, b.in_flight != 0 ? 1U : 0U, shown_path("/" + path_of(*b.directory))});
  return out;
}

void busy_directories::finished(want_id id, const want_result&) {
  for (auto& [key, b] : known_)
    if (b.in_flight == id)
      b.in_flight = 0;
}

} // namespace gitfs
