// The fetcher's part of an activity (activity.hpp).
#include "actors/fetch/fetcher.hpp"
#include "actors/model/reader_way.hpp"
#include "actors/runtime/path_messages.hpp"

#include "backend/git/tree.hpp"

#include <chrono>
#include <string>

namespace gitfs {

namespace {

// The name of the entry with this id in the tree; empty if the tree is not here. The tree is read only when somebody
// asks for an activity, since wants carry no names.
std::string entry_name(object_db& db, const oid& tree, const oid& entry) {
  const auto raw = db.read(tree);
  if (!raw)
    return {};
  const auto parsed = parse_tree(raw.value().data());
  if (!parsed)
    return {};
  for (const tree_entry& each : parsed.value().entries)
    if (each.id == entry)
      return each.name;
  return {};
}

} // namespace

std::string fetcher_actor::who_waits(const want_key& key, const want& w) const {
  const auto it = wanting_.find(key);
  if (it == wanting_.end())
    return {};
  const directory_location_ptr& location = it->second.location;
  if (key.first == named_by_program)
    return "(named by a program)";
  if (!location)
    return "(ahead of a walker: " + std::string{name_of(reader_way_of(w.id))} + ")";
  const bool is_root = location->parent == nullptr;
  std::string path = is_root ? "/" : "/" + path_of(*location) + "/";
  if (w.target || (w.kind == want_kind::blobs && w.ids.size() == 1))
    path += entry_name(*of_->db, location->tree, w.target ? *w.target : w.ids.front());
  return shown_path(path);
}

void fetcher_actor::add_waiting(activity::transfer& to, const want_queue::waiting_wants& waiting) const {
  to.urgency = name_of(waiting.how);
  to.waiting = waiting.count;
  for (const auto& [key, w] : waiting.first)
    if (std::string who = who_waits(key, *w); !who.empty())
      to.waits.push_back(std::move(who));
}

void fetcher_actor::tell(activity& to) const {
  const auto now = std::chrono::steady_clock::now();
  const auto row = [&](std::uint64_t number) {
    activity::transfer out;
    out.number = number;
    if (const auto it = transfers_.find(number); it != transfers_.end()) {
      out.bytes = it->second.handle->arrived();
      out.age_ms = static_cast<std::uint64_t>(
          std::chrono::duration_cast<std::chrono::milliseconds>(now - it->second.started).count());
    }
    return out;
  };
  if (transfers_.contains(ahead_number)) {
    activity::transfer ahead = row(ahead_number);
    ahead.what = "all-trees";
    add_waiting(ahead, queue_.held_trees());
    to.transfers.push_back(std::move(ahead));
  }
  for (const auto& each : queue_.running_transfers()) {
    activity::transfer next = row(each.number);
    next.what = each.snapshot ? "snapshot" : name_of(each.kind);
    next.objects = each.objects;
    add_waiting(next, each.waiting);
    to.transfers.push_back(std::move(next));
  }
  for (const want_kind kind : {want_kind::trees, want_kind::blobs, want_kind::sizes}) {
    const auto queued = queue_.queued(kind);
    for (const urgency how : {urgency::path, urgency::demand, urgency::speculation})
      if (const std::size_t count = queued[static_cast<std::size_t>(how)]; count != 0)
        to.queues.push_back({std::string{name_of(kind)}, std::string{name_of(how)}, count});
  }
}

} // namespace gitfs
