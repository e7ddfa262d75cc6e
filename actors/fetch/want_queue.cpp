#include "actors/fetch/want_queue.hpp"

#include "actors/model/told_sizes.hpp"

#include <algorithm>
#include <cerrno>
#include <unordered_map>

namespace gitfs {

namespace {

// What a request waits for comes first; trees before all else, because what follows depends on them. A guess at a size
// is the cheapest, a guess at contents the dearest.
constexpr want_kind demand_order[] = {want_kind::trees, want_kind::blobs, want_kind::sizes};
constexpr want_kind speculation_order[] = {want_kind::sizes, want_kind::trees, want_kind::blobs};
constexpr std::size_t kept_buckets = 4096;

constexpr urgency demands[] = {urgency::path, urgency::demand};

} // namespace

void want_queue::add(const want_key& key, want w) {
  if (w.kind == want_kind::sizes && !object_info_ && w.how == urgency::speculation && !w.worth_contents) {
    finished_.push_back({key, {ENOTSUP, {}}});
    return;
  }
  enter(key, std::move(w), !object_info_);
}

void want_queue::enter(const want_key& key, want w, bool sizes_cost_contents) {
  want_kind kind = w.kind;
  if (kind == want_kind::sizes && w.focus && (sizes_cost_contents || reads_follow_)) {
    w.ids = {*w.focus};
    kind = want_kind::blobs;
    if (++unread_looks_ > limits_.unread_looks)
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
    finished_.push_back({key, {}});
    return;
  }
  const std::size_t count = w.ids.size();
  wants_[key] = {std::move(w), kind, count, {}};
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
  t.plan.looked_up = kind == want_kind::blobs && how == urgency::path && filter_ && object_info_;
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

void want_queue::finish(std::uint64_t number, const want_result& outcome, const std::vector<oid>& absent) {
  auto it = transfers_.find(number);
  if (it == transfers_.end())
    return; // cancelled meanwhile
  const running t = std::move(it->second);
  transfers_.erase(it);
  const want_kind kind = t.plan.kind;

  if (outcome.code == ENOTSUP && kind == want_kind::sizes) {
    degrade_sizes();
    return;
  }
  if (outcome.code == EAGAIN && kind == want_kind::sizes) {
    degrade_for_now(t.plan, outcome);
    return;
  }
  if (outcome.code == EFBIG && t.plan.looked_up) {
    degrade_focus(t.plan, outcome);
    return;
  }
  if (outcome.code == E2BIG && !t.plan.snapshot && t.plan.ids.size() > 1) {
    ask_for_fewer(t.plan);
    return;
  }
  if (outcome.code == ENOTSUP && !t.plan.snapshot) {
    // The server cannot filter: from now on whoever wants anything waits for the whole snapshot.
    filter_ = false;
    for (const oid& id : t.plan.ids)
      requeue(kind, id, false);
    return;
  }
  if (outcome.code == ENOENT && t.plan.ids.size() > 1) {
    // One object that the server does not have fails the whole request. Those that somebody waits for are asked for
    // again one by one, so that the error meets only who asked for the missing one.
    for (const oid& id : t.plan.ids) {
      auto found = of(kind).find(id);
      if (found != of(kind).end() && found->second.how != urgency::speculation)
        requeue(kind, id, true);
      else
        settle(kind, id, ENOENT);
    }
    return;
  }

  if (outcome.code == 0 && !t.plan.snapshot)
    length(kind).taken(t.plan.ids.size());
  if (t.plan.snapshot)
    settle_queued(t.plan.commits, outcome.code); // who came while it was on its way waits for nothing else
  // git leaves out a want that follows a tree which lists it. By itself such an object comes; or it never will.
  for (const oid& id : absent) {
    auto found = of(kind).find(id);
    if (found == of(kind).end())
      continue;
    if (found->second.alone || t.plan.snapshot)
      settle(kind, id, EIO);
    else
      requeue(kind, id, true);
  }

  told_sizes sizes{outcome.sizes};
  for (const oid& id : t.plan.ids) {
    const auto i = of(kind).find(id);
    if (i == of(kind).end())
      continue;
    if (const auto* size = sizes.of(id))
      for (const want_key& key : i->second.waiters)
        if (sized(key))
          wants_[key].outcome.sizes.push_back(*size);
    if (i->second.transfer == number)
      settle(kind, i, outcome.code == E2BIG ? EIO : outcome.code); // E2BIG would tell a reader of its arguments
  }
}

std::vector<oid> want_queue::wanted_commits() const {
  std::vector<oid> out;
  for (const auto& [key, each] : wants_)
    if (std::ranges::find(out, each.w.commit) == out.end())
      out.push_back(each.w.commit);
  return out;
}

void want_queue::settle_queued(const std::vector<oid>& commits, int code) {
  const auto is_of_them = [&](const want_key& key) {
    const auto it = wants_.find(key);
    return it != wants_.end() && std::ranges::find(commits, it->second.w.commit) != commits.end();
  };
  for (want_kind kind : {want_kind::trees, want_kind::blobs}) {
    std::vector<oid> queued;
    for (const auto& [id, i] : of(kind))
      if (i.transfer == 0 && std::ranges::any_of(i.waiters, is_of_them))
        queued.push_back(id);
    for (const oid& id : queued)
      settle(kind, id, code);
  }
}

void want_queue::finish_if(const std::function<bool(const oid&)>& here) {
  std::vector<oid> found;
  for (const auto& [id, i] : of(want_kind::trees))
    if (i.transfer == 0 && here(id))
      found.push_back(id);
  for (const oid& id : found)
    settle(want_kind::trees, id, 0);
}

// The server has no object-info: sizes come with contents, for those that somebody waits for.
void want_queue::degrade_sizes() {
  object_info_ = false;
  of(want_kind::sizes).clear();
  for (auto& q : queues_[static_cast<int>(want_kind::sizes)])
    q.clear();
  // Transfers of sizes that are still in flight will end in ENOTSUP too and find nobody.
  std::erase_if(transfers_, [](const auto& t) { return t.second.plan.kind == want_kind::sizes; });
  std::vector<std::pair<want_key, want>> again;
  for (auto& [key, w] : wants_)
    if (w.served_as == want_kind::sizes)
      again.emplace_back(key, std::move(w.w));
  for (auto& [key, w] : again) {
    wants_.erase(key);
    add(key, std::move(w));
  }
}

// Of what the server does not tell now, sizes come with contents; the next want is told by its answer again.
void want_queue::degrade_for_now(const planned_transfer& plan, const want_result& outcome) {
  told_sizes sizes{outcome.sizes};
  std::vector<want_key> untold;
  for (const oid& id : plan.ids) {
    const auto i = of(want_kind::sizes).find(id);
    if (i == of(want_kind::sizes).end())
      continue;
    const auto* size = sizes.of(id);
    if (size == nullptr) {
      untold.insert(untold.end(), i->second.waiters.begin(), i->second.waiters.end());
      continue;
    }
    for (const want_key& key : i->second.waiters)
      if (const auto w = wants_.find(key); w != wants_.end())
        w->second.outcome.sizes.push_back(*size);
    settle(want_kind::sizes, i, 0);
  }
  std::ranges::sort(untold);
  untold.erase(std::unique(untold.begin(), untold.end()), untold.end());
  for (const want_key& key : untold) {
    const auto found = wants_.find(key);
    if (found == wants_.end())
      continue;
    want w = found->second.w;
    want_result so_far = std::move(found->second.outcome);
    cancel(key);
    if (w.how == urgency::speculation && !w.worth_contents) {
      so_far.code = ENOTSUP;
      finished_.push_back({key, std::move(so_far)});
      continue;
    }
    told_sizes told{so_far.sizes}; // by this transfer and those before
    std::erase_if(w.ids, [&told](const oid& id) { return told.of(id) != nullptr; });
    w.how = std::min(w.how, urgency::demand); // by path it would be cut when it is long, and asked for here again
    enter(key, std::move(w), true);
    if (const auto again = wants_.find(key); again != wants_.end())
      again->second.outcome = std::move(so_far);
  }
}

// Looked up by its path, and too long to be fetched for its size alone.
void want_queue::degrade_focus(const planned_transfer& plan, const want_result& outcome) {
  told_sizes sizes{outcome.sizes};
  for (const oid& id : plan.ids) {
    auto it = of(want_kind::blobs).find(id);
    if (it == of(want_kind::blobs).end())
      continue;
    std::vector<want_key> readers;
    for (const want_key& key : std::exchange(it->second.waiters, {})) {
      auto w = wants_.find(key);
      // Who needs more than this size was given contents before, and knows of no other request.
      if (w == wants_.end() || w->second.w.kind != want_kind::sizes || !w->second.w.focus) {
        readers.push_back(key);
        continue;
      }
      if (const auto* size = sizes.of(id)) {
        w->second.outcome.sizes.push_back(*size);
        settle(key, 0);
        continue;
      }
      w->second.served_as = want_kind::sizes;
      enqueue(want_kind::sizes, id, key, w->second.w.how);
    }
    if (readers.empty()) {
      of(want_kind::blobs).erase(it);
      continue;
    }
    it->second.waiters = std::move(readers);
    it->second.how = urgency::demand;
    requeue(want_kind::blobs, id, false);
  }
}

void want_queue::ask_for_fewer(const planned_transfer& plan) {
  length(plan.kind).refused(plan.ids.size());
  for (const oid& id : plan.ids)
    requeue(plan.kind, id, false);
}

void want_queue::requeue(want_kind kind, const oid& id, bool alone) {
  auto it = of(kind).find(id);
  if (it == of(kind).end())
    return; // cancelled
  it->second.transfer = 0;
  it->second.alone = alone;
  queue(kind, it->second.how).push_back(id);
}

void want_queue::settle(want_kind kind, const oid& id, int code) {
  if (const auto it = of(kind).find(id); it != of(kind).end())
    settle(kind, it, code);
}

void want_queue::settle(want_kind kind, items::iterator it, int code) {
  const std::vector<want_key> waiters = std::move(it->second.waiters);
  of(kind).erase(it);
  if (of(kind).empty() && of(kind).bucket_count() > kept_buckets)
    of(kind) = {}; // of a whole tree's sizes: a megabyte
  for (const want_key& key : waiters)
    settle(key, code);
}

void want_queue::settle(const want_key& key, int code) {
  auto it = wants_.find(key);
  if (it == wants_.end())
    return;
  entered_want& w = it->second;
  if (code != 0 && w.outcome.code == 0)
    w.outcome.code = code;
  if (--w.remaining != 0)
    return;
  finished_.push_back({key, std::move(w.outcome)});
  wants_.erase(it);
}

} // namespace gitfs
