#include "actors/prefetch/prefetcher.hpp"

#include "actors/runtime/fetch_messages.hpp"
#include "actors/runtime/prefetch_messages.hpp"
#include "actors/runtime/question_messages.hpp"
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace gitfs {

prefetcher_actor::prefetcher_actor(caf::actor_config& cfg, std::shared_ptr<mount_context> context,
                                   const mounted_ref& of)
  : resilient_actor(cfg, {trace::actor_kind::prefetcher, of.number}),
    alone_(of.number == 0),
    outside_(of.repository->outside),
    context_(std::move(context)),
    fetcher_(of.repository->fetcher),
    plan_(std::in_place, *of.repository->outside, static_cast<readahead_port&>(*this), context_->counts,
          context_->memory.window_bytes(), &of.repository->listings, context_->knows_sets) {}

caf::behavior prefetcher_actor::make_behavior() {
  return {
      [this](const directory_listed& m) { plan_->listed(m.link); },
      [this](const file_read& m) {
        m.missed ? plan_->missed(m.link, m.index, m.id) : plan_->read(m.link, m.index, m.name, m.id);
      },
      [this](const directory_statted& m) { plan_->statted(m.link); },
      [this](const file_looked_up& m) { plan_->looked_up(m.link, m.id); },
      [this](const directory_forgotten& m) {
        plan_->forgotten(*m.link);
        rest();
      },
      [this](const snapshot_left& m) {
        plan_->moved(*m.root);
        rest();
      },
      [this](windows_due) { plan_->due(); },
      [this](tell_activity& m) {
        std::ranges::move(plan_->walkers(), std::back_inserter(m.so_far.walkers));
        pass_on(*this, std::move(m));
      },
      [this](want_finished& m) {
        plan_->finished(m.id, m.outcome);
        rest();
      },
  };
}

std::string prefetcher_actor::describe() const {
  std::string out;
  if (!plan_)
    return out;
  for (const activity::walker& each : plan_->walkers())
    out += fmt::format("{} at {}: window {}, {} wants on their way\n", each.way, each.path, each.window, each.wants);
  return out.empty() ? "nobody walks\n" : out;
}

// All mounted refs share one budget of contents, so each gets less while others fetch, too.
std::uint64_t prefetcher_actor::share_of(std::uint64_t bytes) {
  if (alone_)
    return bytes;
  const std::uint64_t sharers = outside_->prefetching(std::exchange(counted_, true) ? 0 : 1);
  return bytes / std::max<std::uint64_t>(sharers, 1);
}

void prefetcher_actor::rest() {
  if (counted_ && !plan_->fetches_contents()) {
    counted_ = false;
    outside_->prefetching(-1);
  }
}

// If a handler threw between window_begins and window_ends, the fetcher would hold back all sizes for ever.
void prefetcher_actor::clean_up() {
  window_ends();
}

void prefetcher_actor::on_exit() {
  if (std::exchange(counted_, false))
    context_->prefetching.fetch_sub(1);
  plan_.reset();
  fetcher_ = nullptr;
}

void prefetcher_actor::ask(want w) {
  anon_send(fetcher_, ask_want{caf::actor_cast<caf::weak_actor_ptr>(this), id(), std::move(w), nullptr});
}

void prefetcher_actor::window_begins() {
  anon_send(fetcher_, gitfs::window_begins{});
}

void prefetcher_actor::window_ends() {
  anon_send(fetcher_, gitfs::window_ends{});
}

// A message by way of the clock, which gives it to the scheduler's threads. A message that this actor sent itself would
// run on the thread on which the actor runs now.
bool prefetcher_actor::later() {
  delayed_anon_send(this, caf::timespan{0}, windows_due{});
  return true;
}

void prefetcher_actor::cancel(want_id want) {
  anon_send(fetcher_, cancel_want{id(), want});
}

} // namespace gitfs
