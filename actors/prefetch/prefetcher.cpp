#include "actors/prefetch/prefetcher.hpp"

#include "actors/prefetch/profile_files.hpp"
#include "actors/runtime/fetch_messages.hpp"
#include "actors/runtime/prefetch_messages.hpp"
#include "actors/runtime/question_messages.hpp"
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
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
    profiles_(profiles_of(of)),
    db_(of.repository->db),
    plan_(std::in_place, *of.repository->outside, static_cast<readahead_port&>(*this), context_->counts,
          context_->memory.window_bytes(), &of.repository->listings, context_->knows_sets) {
  if (profiles_ && profiles_->keeps_runs())
    recorder_.emplace();
}

caf::behavior prefetcher_actor::make_behavior() {
  return {
      [this](const directory_listed& m) {
        plan_->listed(m.link);
        record_folder(*m.link);
      },
      [this](const file_read& m) {
        was_read(m);
        record(m);
      },
      [this](const directory_statted& m) {
        plan_->statted(m.link);
        record_folder(*m.link);
      },
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
      [this](const use_profile& m) { take_profile(m); },
      [this](tell_profile& m) { tell(m); },
      [this](run_due) { end_run_if_over(); },
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

void prefetcher_actor::was_read(const file_read& m) {
  m.missed ? plan_->missed(m.link, m.index, m.id) : plan_->read(m.link, m.index, m.name, m.id);
}

// The third file that had to be fetched, and a later one in case that these were of something else, tell which of the
// kept runs is repeated. What is recorded changes nothing in the plan, so a replay does without.
void prefetcher_actor::record(const file_read& m) {
  constexpr std::size_t tries[] = {3, 24};
  if (!recorder_)
    return;
  if (!m.missed) {
    run_began();
    recorder_->read(*m.link, m.name, m.id, m.caller, run_recorder::clock::now());
    return;
  }
  ++missed_;
  if (std::ranges::find(tries, missed_) == std::end(tries) || !profiles_->named().empty() || plan_->uses_profile())
    return;
  std::vector<std::string> read;
  for (const recorded_run::entry& each : recorder_->run().entries)
    if (!each.id.is_zero())
      read.push_back(each.path);
  const directory_location* root = m.link.get();
  while (!is_root(*root))
    root = root->parent.get();
  use_kept_run(caf::actor_cast<caf::actor>(this), profiles_, commit_of(*m.link), root->tree, std::move(read));
}

void prefetcher_actor::record_folder(const directory_location& folder) {
  if (!recorder_)
    return;
  run_began();
  recorder_->folder(folder, run_recorder::clock::now());
}

void prefetcher_actor::take_profile(const use_profile& m) {
  profile_lines_ += m.lines;
  if (m.more)
    return;
  std::vector<profile_entry> entries;
  const std::string lines = std::exchange(profile_lines_, {});
  for (std::string_view rest = lines; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    if (auto entry = parse_profile_line(rest.substr(0, end)))
      entries.push_back(std::move(entry.value()));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  plan_->use_profile(m.commit, m.root, std::move(entries));
}

void prefetcher_actor::tell(tell_profile& m) {
  if (!recorder_) {
    m.answer.error(ENODATA);
    return;
  }
  constexpr std::size_t at_once = 256;
  std::string text = m.rank == 0 ? profile_head(profiles_->source(), m.folder) : std::string{};
  for (std::size_t rank = m.rank;;) {
    const auto part = recorder_->run().entries_from(rank, at_once, m.folder, *db_);
    for (const profile_entry& each : part) {
      const std::string line = profile_line(each) + '\n';
      if (text.size() + line.size() > m.room)
        return m.answer.xattr(text);
      text += line;
    }
    if (part.size() < at_once)
      return m.answer.xattr(text);
    rank = part.back().rank + 1;
  }
}

// A run that is over stays to be asked for until the next one begins.
void prefetcher_actor::run_began() {
  const auto now = run_recorder::clock::now();
  if (!recorder_->is_over(now))
    return;
  end_run();
  recorder_.emplace();
  kept_ = false;
  missed_ = 0;
  delayed_anon_send(this, run_recorder::idle, run_due{});
}

void prefetcher_actor::end_run_if_over() {
  if (!recorder_)
    return;
  const auto now = run_recorder::clock::now();
  if (recorder_->is_over(now))
    end_run();
  else
    delayed_anon_send(this, recorder_->last_read() + run_recorder::idle - now, run_due{});
}

void prefetcher_actor::end_run() {
  if (!recorder_ || std::exchange(kept_, true))
    return;
  if (plan_)
    for (const std::string& each : plan_->folders_of_profile())
      recorder_->add_folder(each);
  keep_run(system(), profiles_, db_, recorder_->run());
}

// If a handler threw between window_begins and window_ends, the fetcher would hold back all sizes for ever.
void prefetcher_actor::clean_up() {
  window_ends();
}

void prefetcher_actor::on_exit() {
  if (std::exchange(counted_, false))
    context_->prefetching.fetch_sub(1);
  end_run();
  recorder_.reset();
  profiles_.reset();
  db_.reset();
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
