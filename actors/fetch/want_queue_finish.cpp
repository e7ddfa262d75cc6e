// What becomes of a transfer that ended: of its wants, or of the plan where the server cannot do what was planned.
#include "actors/fetch/want_queue.hpp"

#include "actors/model/reported_sizes.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace gitfs {

namespace {

constexpr std::size_t kept_buckets = 4096;

} // namespace

void want_queue::finish(std::uint64_t number, const want_result& outcome, const std::vector<oid>& absent) {
  // What changes the plan; whoever wanted the objects goes on waiting. The first row that fits.
  static constexpr struct {
    int code;
    bool (*of)(const planned_transfer& plan);
    void (want_queue::*change)(const planned_transfer& plan, const want_result& outcome);
  } changes[] = {
      {ENOTSUP, [](const planned_transfer& p) { return p.kind == want_kind::sizes; }, &want_queue::degrade_sizes},
      {EAGAIN, [](const planned_transfer& p) { return p.kind == want_kind::sizes; }, &want_queue::degrade_for_now},
      {EFBIG, [](const planned_transfer& p) { return p.is_probe; }, &want_queue::degrade_target},
      {E2BIG, [](const planned_transfer& p) { return !p.snapshot && p.ids.size() > 1; }, &want_queue::ask_for_fewer},
      {ENOTSUP, [](const planned_transfer& p) { return !p.snapshot; }, &want_queue::ask_for_all},
      {ENOENT, [](const planned_transfer& p) { return p.ids.size() > 1; }, &want_queue::ask_one_by_one},
  };
  auto it = transfers_.find(number);
  if (it == transfers_.end())
    return; // cancelled meanwhile
  const planned_transfer plan = std::move(it->second.plan);
  transfers_.erase(it);
  const auto* const row =
      std::ranges::find_if(changes, [&](const auto& each) { return each.code == outcome.code && each.of(plan); });
  failure_ = outcome.why;
  if (row != std::end(changes))
    (this->*row->change)(plan, outcome);
  else
    settle(plan, outcome, absent);
}

void want_queue::settle(const planned_transfer& plan, const want_result& outcome, const std::vector<oid>& absent) {
  const want_kind kind = plan.kind;
  if (outcome.code == 0 && !plan.snapshot)
    length(kind).taken(plan.ids.size());
  if (plan.snapshot)
    settle_queued(plan.commits, outcome.code); // who came while it was on its way waits for nothing else
  // git leaves out a want that follows a tree which lists it. By itself such an object comes; or it never will.
  for (const oid& id : absent) {
    auto found = of(kind).find(id);
    if (found == of(kind).end())
      continue;
    failure_ = "the server has answered without object " + id.hex();
    if (found->second.alone || plan.snapshot)
      settle(kind, id, EIO);
    else
      requeue(kind, id, true);
  }

  reported_sizes sizes{outcome.sizes};
  for (const oid& id : plan.ids) {
    const auto i = of(kind).find(id);
    if (i == of(kind).end())
      continue;
    if (const auto* size = sizes.of(id))
      for (const want_key& key : i->second.waiters)
        if (sized(key))
          wants_[key].outcome.sizes.push_back(*size);
    if (i->second.transfer == plan.number)
      settle(kind, i, outcome.code == E2BIG ? EIO : outcome.code); // E2BIG would tell a reader of its arguments
  }
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
void want_queue::degrade_sizes(const planned_transfer&, const want_result&) {
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
  reported_sizes sizes{outcome.sizes};
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
    reported_sizes reported{so_far.sizes}; // by this transfer and those before
    std::erase_if(w.ids, [&reported](const oid& id) { return reported.of(id) != nullptr; });
    w.how = std::min(w.how, urgency::demand); // by path it would be cut when it is long, and asked for here again
    enter(key, std::move(w), true);
    if (const auto again = wants_.find(key); again != wants_.end())
      again->second.outcome = std::move(so_far);
  }
}

// Looked up by its path, and too long to be fetched for its size alone.
void want_queue::degrade_target(const planned_transfer& plan, const want_result& outcome) {
  reported_sizes sizes{outcome.sizes};
  for (const oid& id : plan.ids) {
    auto it = of(want_kind::blobs).find(id);
    if (it == of(want_kind::blobs).end())
      continue;
    std::vector<want_key> readers;
    for (const want_key& key : std::exchange(it->second.waiters, {})) {
      auto w = wants_.find(key);
      // Who needs more than this size was given contents before, and knows of no other request.
      if (w == wants_.end() || w->second.w.kind != want_kind::sizes || !w->second.w.target) {
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

void want_queue::ask_for_fewer(const planned_transfer& plan, const want_result&) {
  length(plan.kind).refused(plan.ids.size());
  for (const oid& id : plan.ids)
    requeue(plan.kind, id, false);
}

// The server cannot filter: from now on whoever wants anything waits for the whole snapshot.
void want_queue::ask_for_all(const planned_transfer& plan, const want_result&) {
  filter_ = false;
  for (const oid& id : plan.ids)
    requeue(plan.kind, id, false);
}

// One object that the server does not have fails the whole request. Those that somebody waits for are asked for again
// one by one, so that the error meets only who asked for the missing one.
void want_queue::ask_one_by_one(const planned_transfer& plan, const want_result&) {
  for (const oid& id : plan.ids) {
    auto found = of(plan.kind).find(id);
    if (found != of(plan.kind).end() && found->second.how != urgency::speculation)
      requeue(plan.kind, id, true);
    else
      settle(plan.kind, id, ENOENT);
  }
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
  if (code != 0 && w.outcome.code == 0) {
    w.outcome.code = code;
    w.outcome.why = failure_;
  }
  if (--w.remaining != 0)
    return;
  finished_.push_back({key, std::move(w.outcome)});
  wants_.erase(it);
}

} // namespace gitfs
