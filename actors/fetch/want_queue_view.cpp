// What stands in a want_queue, for who wants to see it: see want_queue.hpp.
#include "actors/fetch/want_queue.hpp"

#include <algorithm>
#include <set>

namespace gitfs {

namespace {

constexpr std::size_t most_keys = 4;

// Of sizes there may be a hundred thousand in one transfer; the first ones tell who waits.
constexpr std::size_t most_examined = 4096;

} // namespace

want_queue::waiting_wants want_queue::waiting_for(const std::vector<const item*>& wanted) const {
  waiting_wants out;
  std::set<want_key> seen;
  for (const item* each : wanted) {
    out.how = std::max(out.how, each->how);
    for (const want_key& key : each->waiters) {
      if (!seen.insert(key).second)
        continue;
      ++out.count;
      if (const auto w = wants_.find(key); w != wants_.end() && out.first.size() < most_keys)
        out.first.emplace_back(key, &w->second.w);
    }
  }
  // Who is waited for is told before who only guesses.
  std::ranges::stable_sort(out.first, std::greater{}, [](const auto& each) { return each.second->how; });
  return out;
}

std::vector<want_queue::transfer_view> want_queue::running_transfers() const {
  std::vector<transfer_view> out;
  for (const auto& [number, t] : transfers_) {
    std::vector<const item*> wanted;
    for (const oid& id : t.plan.ids) {
      if (wanted.size() == most_examined)
        break;
      const auto& known = items_[static_cast<int>(t.plan.kind)];
      if (const auto it = known.find(id); it != known.end())
        wanted.push_back(&it->second);
    }
    out.push_back({number, t.plan.kind, t.plan.snapshot, t.plan.ids.size(), waiting_for(wanted)});
  }
  std::ranges::sort(out, {}, &transfer_view::number);
  return out;
}

want_queue::waiting_wants want_queue::held_trees() const {
  std::vector<const item*> wanted;
  for (const auto& [id, i] : items_[static_cast<int>(want_kind::trees)])
    if (i.transfer == 0 && wanted.size() < most_examined)
      wanted.push_back(&i);
  return waiting_for(wanted);
}

std::array<std::size_t, urgencies> want_queue::queued(want_kind kind) const {
  std::array<std::size_t, urgencies> out{};
  for (const auto& [id, i] : items_[static_cast<int>(kind)])
    if (i.transfer == 0)
      ++out[static_cast<std::size_t>(i.how)];
  return out;
}

} // namespace gitfs
