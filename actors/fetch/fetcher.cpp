#include "actors/fetch/fetcher.hpp"

#include "actors/runtime/fetch_messages.hpp"
#include "actors/runtime/path_messages.hpp"
#include "actors/runtime/question_messages.hpp"
#include "actors/trace/record/recorder.hpp"
#include "config/log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <iterator>

namespace gitfs {

namespace {

// In bytes: the packed trees of some 8,000 directories. Waiting for fewer trees takes hardly longer than asking for
// one.
constexpr std::uint64_t long_trees = 4U << 20;

// How long a request for a path waits for the transfer of all trees. In most repositories that transfer is as quick as
// one tree, and then the wait saves a request for each directory of the path; in the largest it is lost once. When
// trees have begun to come and are known to be few, the request waits longer, because the rest takes less time than
// requests would. Otherwise a server or machine that is busy for a moment would be asked for more, and so become
// busier.
constexpr std::chrono::milliseconds path_patience{250}, patience_with_few{1000};
constexpr std::uint32_t few_trees = 8192;

// In bytes: a file up to this size may be fetched to learn its size, because it is probably going to be read.
constexpr std::uint64_t longest_probe = 1U << 20;

// `brings`: the objects of the transfer that somebody waits for.
std::uint64_t recorded(std::uint64_t number, want_kind kind, const std::vector<oid>& wants,
                       const std::vector<oid>& brings) {
  const std::uint64_t begun = trace::transfer_started(number, static_cast<std::uint8_t>(kind), wants);
  const trace::because_of start{begun};
  if (kind != want_kind::sizes && (brings.size() > 1 || brings != wants))
    trace::transfer_objects(number, brings);
  return begun;
}

// Records the objects of a want. The record of the message has a single object already. Of sizes that come without
// contents at most the target is recorded, because there can be hundreds of thousands. `requested`: how many objects
// the message asked for.
void record_objects(const want& w, std::size_t requested, bool sizes_are_contents) {
  if (requested < 2)
    return;
  if (w.kind == want_kind::sizes && w.target)
    trace::want_objects(w.id, {&*w.target, 1});
  else if (w.kind != want_kind::sizes || sizes_are_contents)
    trace::want_objects(w.id, w.ids);
}

// The record that stands for the cause of all that comes of a transfer: the kernel request that led to it, or else the
// record of its start.
std::uint64_t root_of(std::uint64_t begun) {
  return trace::root_now != 0 ? trace::root_now : begun;
}

} // namespace

fetcher_actor::fetcher_actor(caf::actor_config& cfg, std::shared_ptr<mount_context> context,
                             std::shared_ptr<mounted_repository> of, std::shared_ptr<upstream> remote,
                             std::uint64_t trees_ahead, const want_queue::limits& limits)
  : resilient_actor(cfg, {trace::actor_kind::fetcher, of->number}),
    context_(std::move(context)),
    of_(std::move(of)),
    remote_(std::move(remote)),
    trees_ahead_(trees_ahead),
    queue_(limits) {}

caf::behavior fetcher_actor::make_behavior() {
  return {
      [this](ask_want& m) {
        enter({m.from_id, m.what.id}, {std::move(m.from), std::move(m.location)}, std::move(m.what));
      },
      [this](transfer_finished& m) { transfer_ended(m); },
      [this](promote_want m) {
        queue_.promote({m.from_id, m.id}, m.how);
        pump_soon();
      },
      [this](cancel_want m) {
        queue_.cancel({m.from_id, m.id});
        wanting_.erase({m.from_id, m.id});
        pump_soon();
      },
      [this](fetch_objects& m) {
        want what{m.number, m.kind, urgency::demand, std::move(m.ids)};
        what.commit = m.commit;
        enter({named_by_program, m.number}, {std::move(m.from), nullptr}, std::move(what));
      },
      [this](cancel_objects m) {
        queue_.cancel({named_by_program, m.number});
        wanting_.erase({named_by_program, m.number});
        pump_soon();
      },
      [this](probe_was_read) { queue_.probe_was_read(); },
      [this](trees_delayed) {
        if (--delays_ == 0)
          queue_.serve_paths();
        pump_soon();
      },
      [this](trees_are_few) {
        queue_.hold_paths();
        wait_for_paths(patience_with_few);
      },
      [this](transfer_grew) {
        queue_.held_long();
        pump_soon();
      },
      [this](start_transfers) { pump(); },
      [this](tell_activity& m) {
        tell(m.so_far);
        pass_on(*this, std::move(m));
      },
      [this](window_begins) { queue_.hold_sizes(true); },
      [this](window_ends) {
        queue_.hold_sizes(false);
        pump_soon();
      },
  };
}

void fetcher_actor::enter(const want_key& key, asker from, want what) {
  wanting_[key] = std::move(from); // first, so that the asker gets an answer even if one of the next lines throws
  context_->counts.add(what.how == urgency::speculation ? counter::wants_speculation : counter::wants_demand);
  const std::size_t requested = what.ids.size();
  if (what.kind != want_kind::sizes)
    std::erase_if(what.ids, [this](const oid& id) { return of_->outside->contains(id); });
  if (what.kind == want_kind::trees && !what.ids.empty())
    want_trees_ahead(what.commit);
  auto known = queue_.learns_from_contents(what) ? take_known_sizes(what) : sizes_of_blobs{};
  record_objects(what, requested, queue_.sizes_cost_contents());
  queue_.add(key, std::move(what), std::move(known));
  context_->counts.add(counter::wants_joined, queue_.take_joined());
  pump_soon();
}

void fetcher_actor::on_exit() {
  transfers_.clear(); // cancels each transfer down to its connection
  wanting_.clear();
  // A late callback still holds this actor. It must neither be the one that destroys the upstream nor keep the store
  // open.
  remote_.reset();
  of_.reset();
  context_.reset();
}

// After an exception it is not known which wants the handler was about, so all wants fail. The askers may ask anew.
void fetcher_actor::clean_up() {
  while (!wanting_.empty()) {
    const auto first = wanting_.begin();
    queue_.cancel(first->first);
    if (auto to = first->second.actor.lock())
      anon_send(caf::actor_cast<caf::actor>(to), want_finished{first->first.second, {EIO, {}}});
    wanting_.erase(first);
  }
  if (!transfers_.contains(ahead_number))
    queue_.hold_trees(false);
  pump_queued_ = false;
  pump_soon();
}

std::string fetcher_actor::traceparent(std::uint64_t begun) const {
  return context_->traceparent && begun != 0 ? context_->traceparent(begun, root_of(begun)) : std::string{};
}

// The callback runs on a thread of the upstream: it only puts a message into the mailbox.
transfer_callback fetcher_actor::report(std::uint64_t number, std::uint64_t begun) {
  return [me = caf::actor_cast<caf::actor>(this), number, begun, root = root_of(begun)](transfer_outcome outcome) {
    const trace::because_of start{begun, root};
    if (trace::exact.load(std::memory_order_relaxed))
      trace::sizes(number, outcome.sizes);
    const trace::because_of end{trace::transfer_finished(
        {number, outcome.failure ? outcome.failure->code : 0, outcome.bytes, outcome.requests, outcome.sizes.size()})};
    caf::anon_send(me, transfer_finished{number, std::move(outcome)});
  };
}

// Called when a tree is missing; fetches all trees of the snapshot, once for each snapshot. Snapshots are fetched one
// after the other, because most trees of the next one may come with the first.
void fetcher_actor::want_trees_ahead(const oid& commit) {
  if (trees_ahead_ == 0 || !tried_ahead_.insert(commit).second)
    return;
  if (transfers_.contains(ahead_number))
    next_ahead_.push_back(commit);
  else
    fetch_trees_ahead(commit);
}

void fetcher_actor::fetch_trees_ahead(const oid& commit) {
  fetch_request request;
  request.wants = {commit};
  request.need = fetch_need::all_trees;
  if (had_ahead_)
    request.haves = {*had_ahead_};
  ahead_of_ = commit;
  request.byte_limit = trees_ahead_;
  request.long_from = long_trees;
  const std::uint64_t begun = recorded(ahead_number, want_kind::trees, request.wants, {});
  request.traceparent = traceparent(begun);
  request.grew_long = [me = caf::actor_cast<caf::actor>(this), begun, root = root_of(begun)] {
    const trace::because_of start{begun, root};
    caf::anon_send(me, transfer_grew{});
  };
  request.few = few_trees;
  request.came_few = [me = caf::actor_cast<caf::actor>(this), begun, root = root_of(begun)] {
    const trace::because_of start{begun, root};
    caf::anon_send(me, trees_are_few{});
  };
  queue_.hold_trees(true);
  wait_for_paths(path_patience);
  context_->counts.add(counter::transfers_started);
  transfers_[ahead_number] = {remote_->fetch(std::move(request), report(ahead_number, begun))};
}

/// Ends the wait of paths after `patience`, unless it was called again meanwhile.
void fetcher_actor::wait_for_paths(std::chrono::milliseconds patience) {
  ++delays_;
  delayed_send(this, patience, trees_delayed{});
}

void fetcher_actor::start(const planned_transfer& plan) {
  context_->counts.add(counter::transfers_started);
  if (plan.kind == want_kind::sizes) {
    const std::uint64_t begun = recorded(plan.number, plan.kind, plan.ids, plan.ids);
    transfers_[plan.number] = {remote_->object_info(plan.ids, report(plan.number, begun), traceparent(begun))};
    return;
  }
  fetch_request request;
  if (plan.snapshot) {
    request.wants = plan.commits;
    request.need = fetch_need::snapshot;
  } else {
    request.wants = plan.ids;
    request.need = plan.kind == want_kind::trees ? fetch_need::trees : fetch_need::blobs;
    if (plan.is_probe)
      request.byte_limit = request.size_limit = longest_probe;
    if (plan.kind == want_kind::blobs && (plan.is_probe || !queue_.wants_sizes(plan.number)))
      request.use = pack_use::read_soon;
  }
  const std::uint64_t begun = recorded(plan.number, plan.kind, request.wants, plan.ids);
  request.traceparent = traceparent(begun);
  transfers_[plan.number] = {remote_->fetch(std::move(request), report(plan.number, begun))};
}

void fetcher_actor::trees_ahead_ended(const std::optional<error>& failure) {
  queue_.hold_trees(false);
  if (failure && failure->code == EFBIG)
    log::info("the trees of this snapshot are too many to fetch at once: they come as they are looked at");
  else if (failure && failure->code != ECANCELED)
    log::info("fetching all trees at once failed, they come as they are looked at: {}", failure->message);
  else
    queue_.finish_if([this](const oid& id) { return of_->outside->contains(id); });
  if (!failure)
    had_ahead_ = ahead_of_;
  if (!next_ahead_.empty()) {
    const oid next = next_ahead_.front();
    next_ahead_.pop_front();
    fetch_trees_ahead(next);
  }
  pump_soon();
}

void fetcher_actor::transfer_ended(transfer_finished& m) {
  transfers_.erase(m.transfer);
  const auto& failure = m.outcome.failure;
  context_->counts.add(counter::requests, m.outcome.requests);
  context_->counts.add(counter::bytes_received, m.outcome.bytes);
  if (failure && failure->code != ENOTSUP) // ENOTSUP is no failure: the server never offered that
    context_->counts.add(failure->code == ECANCELED ? counter::transfers_cancelled : counter::transfers_failed);
  if (m.transfer == ahead_number) {
    trees_ahead_ended(failure);
    return;
  }
  want_result outcome{failure ? failure->code : 0, std::move(m.outcome.sizes), failure ? failure->message : ""};
  if (failure && failure->code == E2BIG && queue_.objects_of(m.transfer).size() > 1)
    log::info("{}: asking for fewer objects at once", failure->message);
  else if (failure && failure->code != ENOTSUP && failure->code != ECANCELED && failure->code != EFBIG
           && failure->code != EAGAIN && failure->code != EHOSTDOWN) // upstream_host has logged these
    log::warn("upstream request failed: {}", failure->message);
  std::vector<oid> absent;
  if (!failure && queue_.brings_objects(m.transfer)) {
    const std::vector<oid> ids = queue_.objects_of(m.transfer);
    std::copy_if(ids.begin(), ids.end(), std::back_inserter(absent),
                 [this](const oid& id) { return !of_->outside->contains(id); });
    if (queue_.wants_sizes(m.transfer))
      add_sizes(ids, outcome);
  }
  const bool had_sizes = !queue_.sizes_cost_contents();
  queue_.finish(m.transfer, outcome, absent);
  if (had_sizes && queue_.sizes_cost_contents())
    log::info("{} does not tell sizes without contents (object-info): files are fetched to be able to stat them",
              remote_->display_name());
  pump_soon();
}

// The asker has looked for the sizes in the store, but since then contents may have come for a reader, and they must
// not come twice.
fetcher_actor::sizes_of_blobs fetcher_actor::take_known_sizes(want& w) const {
  if (w.target)
    w.ids = {*w.target};
  std::vector<std::uint64_t> sizes(w.ids.size(), unknown_size);
  of_->outside->sizes_here(w.ids, sizes);
  sizes_of_blobs known;
  std::vector<oid> unknown;
  for (std::size_t i = 0; i < sizes.size(); ++i)
    if (sizes[i] != unknown_size)
      known.emplace_back(w.ids[i], sizes[i]);
    else
      unknown.push_back(w.ids[i]);
  w.ids = std::move(unknown);
  if (w.ids.empty())
    w.target.reset();
  return known;
}

void fetcher_actor::add_sizes(const std::vector<oid>& ids, want_result& outcome) const {
  std::vector<std::uint64_t> sizes(ids.size(), unknown_size);
  of_->outside->sizes(ids, sizes);
  for (std::size_t i = 0; i < ids.size(); ++i)
    if (sizes[i] != unknown_size)
      outcome.sizes.emplace_back(ids[i], sizes[i]);
}

std::string fetcher_actor::describe() const {
  std::string out = fmt::format("{} wants of others; {} transfers on their way\n", wanting_.size(), transfers_.size());
  if (transfers_.contains(ahead_number))
    out += "transfer 0: all trees\n";
  for (const auto& each : queue_.running_transfers())
    out += fmt::format("transfer {}: {} {}, for {} wants\n", each.number, each.objects, name_of(each.kind),
                       each.waiting.count);
  for (const want_kind kind : {want_kind::trees, want_kind::blobs, want_kind::sizes}) {
    const auto queued = queue_.queued(kind);
    for (std::size_t how = 0; how < queued.size(); ++how)
      if (queued[how] != 0)
        out += fmt::format("queued: {} {} ({})\n", queued[how], name_of(kind), urgency_names[how]);
  }
  return out;
}

// Starts transfers when the messages that are in the mailbox now were handled, so that wants that came together leave
// together without a timer.
void fetcher_actor::pump_soon() {
  if (!std::exchange(pump_queued_, true))
    anon_send(this, start_transfers{});
}

void fetcher_actor::pump() {
  pump_queued_ = false;
  while (auto plan = queue_.next())
    start(*plan);
  for (std::uint64_t number : queue_.take_cancelled())
    transfers_.erase(number);
  for (finished_want& ended : queue_.take_finished()) {
    auto it = wanting_.find(ended.key);
    if (it == wanting_.end())
      continue;
    auto to = it->second.actor.lock();
    wanting_.erase(it);
    if (to)
      anon_send(caf::actor_cast<caf::actor>(to), want_finished{ended.key.second, std::move(ended.outcome)});
  }
}

} // namespace gitfs
