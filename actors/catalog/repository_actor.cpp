#include "actors/catalog/repository_actor.hpp"

#include "actors/catalog/mounting.hpp"
#include "actors/runtime/catalog_messages.hpp"
#include "actors/runtime/question_messages.hpp"
#include "backend/os/file_io.hpp"
#include "config/log.hpp"

#include <caf/send.hpp>
#include <fmt/format.h>

#include <cerrno>
#include <ctime>
#include <exception>
#include <utility>

namespace gitfs {

namespace {

constexpr std::size_t most_failures = 1000; // that are remembered

// On a worker thread. `known`: if it is open already.
snapshot_resolved resolve_snapshot(call_number call, std::shared_ptr<repository> known,
                                   const repository_actor::opener& open, const std::string& ref,
                                   const std::optional<oid>& have, const std::stop_token& stop) {
  snapshot_resolved out{call, nullptr, std::nullopt, {}, {}};
  try {
    if (!known) {
      auto opened = open();
      if (!opened) {
        out.failure = std::move(opened.error());
        return out;
      }
      known = out.opened = std::move(opened.value());
    }
    auto facts = known->resolve(ref, have, stop);
    if (facts) {
      out.facts = std::move(facts.value());
      out.facts.shown_at = time_now();
    } else {
      out.failure = std::move(facts.error());
      if (out.failure->code == EACCES) // credentials are read when it is opened, and others may be there then
        out.opened = nullptr;
    }
  } catch (const std::exception& thrown) { // memory is short
    out.failure = error{EIO, thrown.what()};
  }
  return out;
}

} // namespace

repository_actor::repository_actor(caf::actor_config& cfg, std::shared_ptr<mount_context> context,
                                   repository_number number, opener open, std::uint64_t trees_ahead,
                                   worker_pool& workers, std::string server, const std::optional<opened_first>& first)
  : resilient_actor(cfg, {trace::actor_kind::repository, number}),
    context_(std::move(context)),
    number_(number),
    open_(std::move(open)),
    trees_ahead_(trees_ahead),
    workers_(workers),
    server_(std::move(server)) {
  if (first) {
    polled_at_[0] = context_->began;
    objects_ = first->objects;
    mounted_refs_[0] = first->shown->of;
    shows_[0] = first->shown;
  }
}

caf::behavior repository_actor::make_behavior() {
  return {
      [this](show_ref& m) {
        job& one = jobs_[m.call];
        one = {m.node, std::move(m.ref), std::move(m.place), m.have, {}, std::move(m.answer_to), false};
        if (objects_ || opening_ == 0)
          start(m.call, one);
      },
      [this](cancel_show m) {
        const auto it = jobs_.find(m.call);
        if (it == jobs_.end())
          return;
        it->second.stop.request_stop();
        if (!it->second.running)
          jobs_.erase(it);
      },
      [this](const snapshot_resolved& m) { resolved(m); },
      [this](tell_status& m) {
        add_status(m.so_far);
        pass_on(*this, std::move(m));
      },
  };
}

void repository_actor::on_exit() {
  for (auto& [call, each] : jobs_)
    each.stop.request_stop();
  jobs_.clear();
  const auto end = [](const caf::actor& one) {
    if (one)
      caf::anon_send_exit(one, caf::exit_reason::user_shutdown);
  };
  for (const auto& [node, each] : mounted_refs_)
    if (each) // else memory was short while it was made
      end(each->prefetcher);
  if (objects_)
    end(objects_->fetcher);
  mounted_refs_.clear();
  objects_.reset();
}

void repository_actor::start(call_number call, job& what) {
  what.running = true;
  if (!objects_)
    opening_ = call;
  const trace::sent_by now = trace::sent_by::now();
  auto work = [me = caf::actor_cast<caf::actor>(this), call, known = objects_ ? objects_->from : nullptr, open = open_,
               ref = what.ref, have = what.have, stop = what.stop.get_token(), cause = now.cause, root = now.root] {
    snapshot_resolved out = resolve_snapshot(call, known, open, ref, have, stop);
    const trace::because_of because{cause, root};
    out.stamp = trace::sent_by::now();
    caf::anon_send(me, std::move(out));
  };
  try {
    workers_.run(std::move(work), server_);
  } catch (const std::exception& thrown) { // no thread is to be had
    anon_send(this, snapshot_resolved{call, nullptr, error{EIO, thrown.what()}, {}});
  }
}

void repository_actor::start_waiting() {
  for (auto& [call, each] : jobs_)
    if (!each.running && (objects_ || opening_ == 0))
      start(call, each);
}

void repository_actor::resolved(const snapshot_resolved& m) {
  if (opening_ == m.call)
    opening_ = 0;
  const auto of = jobs_.extract(m.call);
  std::optional<error> failure = m.failure;
  shown_ptr shown;
  try {
    if (m.opened)
      use(m.opened);
    if (of && !failure)
      shown = show(of.mapped(), m.facts);
  } catch (const std::exception& thrown) { // memory is short: who waits is told, and the next one tries again
    failure = error{EIO, thrown.what()};
  }
  if (of) {
    const job& what = of.mapped();
    ref_shown out{m.call, what.node, 0, std::move(shown), {}};
    if (!failure) {
      last_failures_.erase(what.node);
      polled_at_[what.node] = std::time(nullptr);
    } else {
      out.code = failure->code;
      out.why = failure->message + limit_remedy(out.code); // each repository that is open holds a few files
      // Whoever comes by tries again, and so does who follows the ref: said once.
      if (out.code != ECANCELED) {
        // Names of refs are anybody's to invent.
        if (last_failures_.size() == most_failures && !last_failures_.contains(what.node))
          last_failures_.erase(last_failures_.begin());
        failed& last = last_failures_[what.node];
        last.at = std::time(nullptr);
        if (std::exchange(last.message, out.why) != out.why && failure->code != EHOSTDOWN) // the host has said so
          log::warn("{}{}", out.why, what.have ? "; " + what.have->hex() + " stays" : "");
      }
    }
    anon_send(what.catalog, std::move(out));
  }
  start_waiting();
}

void repository_actor::use(std::shared_ptr<repository> opened) {
  auto objects = add_repository(*context_, number_, opened->objects());
  objects->from = std::move(opened);
  if (const auto& remote = objects->from->remote())
    start_fetcher(system(), context_, objects, remote, trees_ahead_);
  objects_ = std::move(objects); // it has all that it needs
}

shown_ptr repository_actor::show(const job& what, const snapshot_facts& facts) {
  auto& of = mounted_refs_[what.node];
  if (!of)
    of = add_mounted_ref(system(), context_, what.node, objects_);
  shown_ptr& shows = shows_[what.node];
  if (shows && shows->facts.commit == facts.commit)
    return shows;
  shows = show_snapshot(*context_, of, facts, what.place, shows);
  log::info("{}{} at {}{}", objects_->from->display(), facts.ref.empty() ? "" : " " + facts.ref, facts.commit.hex(),
            what.have ? ", after " + what.have->hex() : "");
  return shows;
}

void repository_actor::add_status(mount_status& to) const {
  for (entry_status& each : to.entries) {
    if (!each.node)
      continue;
    if (const auto shown = shows_.find(*each.node); shown != shows_.end() && shown->second) {
      each.state = "open";
      each.commit = shown->second->facts.commit.hex();
      each.shown = shown->second->facts.ref;
      each.source = objects_->from->display();
    }
    if (const auto last = last_failures_.find(*each.node); last != last_failures_.end()) {
      if (each.state != "open")
        each.state = "failed";
      each.failure = last->second.message;
      each.failed_at = last->second.at;
    }
    if (const auto polled = polled_at_.find(*each.node); polled != polled_at_.end())
      each.polled_at = polled->second;
  }
}

std::string repository_actor::describe() const {
  return fmt::format("{}; {} refs are shown, {} snapshots on their way\n", objects_ ? "open" : "not open",
                     mounted_refs_.size(), jobs_.size());
}

} // namespace gitfs
