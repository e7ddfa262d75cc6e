#include "actors/fetch/want_queue.hpp"

#include <algorithm>
#include <cerrno>
#include <unordered_map>

namespace gitfs {

namespace {

// What a request waits for comes first; trees before all else, because what follows depends on them. A guess at a size
// is the cheapest, a guess at contents the dearest.
constexpr want_kind demand_order[] = {want_kind::trees, want_kind::blobs, want_kind::sizes};
constexpr want_kind speculation_order[] = {want_kind::sizes, want_kind::trees, want_kind::blobs};

constexpr urgency demands[] = {urgency::path, urgency::demand};

} // namespace

bool want_queue::learns_from_contents(const want& w) const {
  return w.kind == want_kind::sizes && !object_info_ && (w.how != urgency::speculation || w.worth_contents);
}

void want_queue::add(const want_key& key, want w, std::vector<std::pair<oid, std::uint64_t>> known) {
  if (w.kind == want_kind::sizes && !object_info_ && !learns_from_contents(w)) {
    finished_.push_back({key, {ENOTSUP, {}}});
    return;
  }
  enter(key, std::move(w), !object_info_, {0, std::move(known)});
}

void want_queue::enter(const want_key& key, want w, bool sizes_cost_contents, want_result so_far) {
  want_kind kind = w.kind;
  if (kind == want_kind::sizes && w.target && (sizes_cost_contents || reads_follow_)) {
    w.ids = {*w.target};
    kind = want_kind::blobs;
    if (++unread_probes_ > limits_.unread_probes)
      reads_follow_ = false;
  } else if (kind == want_kind::sizes && sizes_cost_contents) {
    kind = want_kind::blobs;
  }
  if (w.ids.size() > of(kind).bucket_count())
    of(kind).reserve(w.ids.size());
  // Sizes in the order of the walk, in which a server finds them sooner; what it packs by name, for there it makes no
  // difference, and a tree that came before one in it would make git leave that out.
  if (kind != want_kind::sizes)
    std::ranges::sort(w.ids);
  std::erase_if(w.ids, [&](const oid& id) { return !enqueue(kind, id, key, w.how); });
  if (w.ids.empty()) {
    finished_.push_back({key, std::move(so_far)});
    return;
  }
  const std::size_t count = w.ids.size();
  wants_[key] = {std::move(w), kind, count, std::move(so_far)};
}

/// False: this want has named it before.
bool want_queue::enqueue(want_kind kind, const oid& id, const want_key& key, urgency how) {
  auto [it, fresh] = of(kind).try_emplace(id);
  item& i = it->second;
  if (!i.waiters.empty() && i.waiters.back() == key)
    return false;
  i.waiters.push_back(key);
  joined_ += fresh ? 0 : 1;
  if (!fresh && how <= i.how)
    return true; // joined
  i.how = how;
  if (i.transfer == 0)
    queue(kind, how).push_back(id); // an older entry in the other queue is passed over when its turn comes
  else if (auto t = transfers_.find(i.transfer); t != transfers_.end())
    t->second.demand = true; // it was a guess, and is not any more
  return true;
}

void want_queue::promote(const want_key& key, urgency how) {
  auto it = wants_.find(key);
  if (it == wants_.end() || how <= it->second.w.how)
    return;
  want& w = it->second.w;
  w.how = how;
  const want_kind kind = it->second.served_as;
  for (const oid& id : w.ids) {
    auto found = of(kind).find(id);
    if (found == of(kind).end() || how <= found->second.how)
      continue;
    found->second.how = how;
    if (found->second.transfer == 0)
      queue(kind, how).push_back(id);
    else
      transfers_[found->second.transfer].demand = true;
  }
}

void want_queue::cancel(const want_key& key) {
  auto it = wants_.find(key);
  if (it == wants_.end())
    return;
  const want w = std::move(it->second.w);
  const want_kind kind = it->second.served_as;
  wants_.erase(it);
  for (const oid& id : w.ids) {
    auto found = of(kind).find(id);
    if (found == of(kind).end())
      continue; // already here
    item& i = found->second;
    std::erase(i.waiters, key);
    if (!i.waiters.empty())
      continue;
    if (i.transfer != 0) {
      if (auto t = transfers_.find(i.transfer); t != transfers_.end() && --t->second.live == 0) {
        cancelled_.push_back(t->first);
        transfers_.erase(t); // its slot is free at once; its outcome will find nobody
      }
    }
    of(kind).erase(found);
  }
}

void want_queue::hold_trees(bool hold) {
  hold_trees_ = hold_paths_ = hold;
  tree_requests_left_ = 0;
}

bool want_queue::may_start(want_kind kind, urgency how) const {
  if (kind != want_kind::sizes
      && std::any_of(transfers_.begin(), transfers_.end(), [](const auto& t) { return t.second.plan.snapshot; }))
    return false; // it brings everything
  switch (kind) {
  case want_kind::trees:
    return !hold_trees_ || (how == urgency::path && !hold_paths_)
           || (how == urgency::demand && tree_requests_left_ != 0);
  case want_kind::sizes:
    return !hold_sizes_ && std::count_if(transfers_.begin(), transfers_.end(), [](const auto& t) {
                             return t.second.plan.kind == want_kind::sizes;
                           }) < limits_.size_slots;
  default:
    return true;
  }
}

std::optional<planned_transfer> want_queue::next() {
  if (transfers_.size() >= limits_.slots)
    return std::nullopt;
  if (auto t = next_wanted())
    return t;
  if (hold_trees_ && tree_requests_left_ == 0)
    return std::nullopt; // it leaves with what the walk needs when the trees are here
  const auto speculative =
      std::count_if(transfers_.begin(), transfers_.end(), [](const auto& t) { return !t.second.demand; });
  if (static_cast<unsigned>(speculative) >= limits_.speculative_slots)
    return std::nullopt;
  for (want_kind kind : speculation_order)
    if (may_start(kind, urgency::speculation))
      if (auto t = take(kind, urgency::speculation))
        return t;
  return std::nullopt;
}

std::optional<planned_transfer> want_queue::next_wanted() {
  for (const want_kind kind : demand_order)
    for (const urgency how : demands)
      if (may_start(kind, how))
        if (auto t = take(kind, how)) {
          if (kind == want_kind::trees && how == urgency::demand && hold_trees_)
            --tree_requests_left_;
          return t;
        }
  return std::nullopt;
}

std::optional<planned_transfer> want_queue::take(want_kind kind, urgency how) {
  running t;
  t.demand = how != urgency::speculation;
  t.plan.kind = kind;
  t.plan.snapshot = kind != want_kind::sizes && !filter_;
  t.plan.is_probe = kind == want_kind::blobs && how == urgency::path && filter_ && object_info_;
  auto fill = [&](urgency from) {
    std::deque<oid>& q = queue(kind, from);
    while (!q.empty() && t.plan.ids.size() < length(kind).now()) {
      const oid id = q.front();
      auto it = of(kind).find(id);
      if (it == of(kind).end() || it->second.transfer != 0 || it->second.how != from) {
        q.pop_front(); // cancelled, already under way, or promoted to the other queue
        continue;
      }
      if (it->second.alone && !t.plan.ids.empty())
        break;
      q.pop_front();
      it->second.transfer = next_transfer_;
      t.plan.ids.push_back(id);
      if (it->second.alone)
        break;
    }
  };
  fill(how);
  if (t.plan.ids.empty())
    return std::nullopt;
  // Sizes are a few bytes each: those that are only guessed at cost a demand nothing and save a request of their own.
  if (kind == want_kind::sizes)
    for (auto lower = static_cast<int>(how); lower-- > 0;)
      fill(static_cast<urgency>(lower));
  if (t.plan.snapshot)
    t.plan.commits = wanted_commits();
  t.plan.number = next_transfer_++;
  t.live = t.plan.ids.size();
  planned_transfer plan = t.plan;
  transfers_.emplace(plan.number, std::move(t));
  return plan;
}

bool want_queue::sized(const want_key& key) const {
  auto it = wants_.find(key);
  return it != wants_.end() && it->second.w.kind == want_kind::sizes;
}

bool want_queue::wants_sizes(std::uint64_t transfer) const {
  auto t = transfers_.find(transfer);
  if (t == transfers_.end() || t->second.plan.kind != want_kind::blobs)
    return false;
  const items& blobs = items_[static_cast<int>(want_kind::blobs)];
  return std::any_of(t->second.plan.ids.begin(), t->second.plan.ids.end(), [&](const oid& id) {
    auto it = blobs.find(id);
    return it != blobs.end()
           && std::any_of(it->second.waiters.begin(), it->second.waiters.end(),
                          [this](const want_key& key) { return sized(key); });
  });
}

bool want_queue::brings_objects(std::uint64_t transfer) const {
  auto t = transfers_.find(transfer);
  return t != transfers_.end() && t->second.plan.kind != want_kind::sizes;
}

std::vector<oid> want_queue::objects_of(std::uint64_t transfer) const {
  auto t = transfers_.find(transfer);
  return t == transfers_.end() ? std::vector<oid>{} : t->second.plan.ids;
}

std::vector<oid> want_queue::wanted_commits() const {
  std::vector<oid> out;
  for (const auto& [key, each] : wants_)
    if (std::ranges::find(out, each.w.commit) == out.end())
      out.push_back(each.w.commit);
  return out;
}

} // namespace gitfs
