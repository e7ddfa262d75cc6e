#include "actors/inode/supervisor.hpp"

#include "actors/runtime/directory_messages.hpp"
#include "actors/runtime/path_messages.hpp"
#include "actors/runtime/question_messages.hpp"
#include "actors/trace/record/stamp.hpp"
#include "config/log.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <optional>
#include <utility>

namespace gitfs {

namespace {

// Long enough that a program that stops to think loses nothing; what is given back is had again in milliseconds.
constexpr std::chrono::seconds idle_after{5};

// So many slots come free before one is used again: a handler that began before a directory was reaped cannot use its
// slot (see inode_table::allocate), and would take a fresh one instead.
constexpr std::size_t rest = 64;

// Nobody waits for the supervisor meanwhile.
class trimmer final : public caf::event_based_actor {
public:
  trimmer(caf::actor_config& cfg, std::shared_ptr<mount_context> context)
    : caf::event_based_actor(cfg),
      context_(std::move(context)) {}

  const char* name() const override { return "trimmer"; }

protected:
  caf::behavior make_behavior() override {
    context_->trim();
    return {}; // no behavior: it ends here
  }

private:
  std::shared_ptr<mount_context> context_;
};

} // namespace

supervisor_actor::supervisor_actor(caf::actor_config& cfg, std::shared_ptr<mount_context> context, caf::actor catalog)
  : resilient_actor(cfg, {trace::actor_kind::supervisor}),
    context_(std::move(context)),
    catalog_(std::move(catalog)) {}

caf::behavior supervisor_actor::make_behavior() {
  delayed_send(this, idle_after, check_idle{});
  others_ = std::make_shared<mount_actors>(mount_actors{caf::actor_cast<caf::actor>(this), std::move(catalog_)});
  return {
      [this](enter_directory& m) { enter(m); },
      [this](release_directory m) { surely(&supervisor_actor::release, m); },
      [this](directory_idle m) { surely(&supervisor_actor::tell_parent_idle, m); },
      [this](reap_directory m) { surely(&supervisor_actor::reap, m); },
      [this](relink_directories& m) { surely(&supervisor_actor::relink, std::move(m)); },
      [this](change_entries& m) {
        if (context_->outside->is_current(m.slot, m.generation))
          if (caf::actor directory = live(m.slot))
            anon_send(directory, std::move(m.what));
      },
      [this](const entries_hidden& m) { warn_once(m); },
      [this](listing_shed) {
        sweep_.answered(context_->outside->listings_memory());
        sweep();
      },
      [this](check_idle) {
        delayed_send(this, idle_after, check_idle{});
        sweep_again();
        trim_if_idle();
      },
      [this](tell_activity& m) {
        const auto add = [&m](const caf::actor& one) {
          if (one)
            m.next.push_back(one);
        };
        context_->mounted_refs.each([&](const mounted_ref& each) { add(each.prefetcher); });
        context_->repositories.each([&](const mounted_repository& each) { add(each.fetcher); });
        pass_on(*this, std::move(m));
      },
      [this](tell_status& m) {
        if (others_->catalog)
          m.next.push_back(others_->catalog);
        pass_on(*this, std::move(m));
      },
      [this](ask_directory& m) { ask(m); },
      [this](find_directory& m) {
        const auto slot = slot_of(m.inode);
        m.found(slot ? context_->inodes.location_of(*slot) : nullptr);
      },
      [this](over_budget) {
        sweep_.over(context_->outside->listings_memory(), context_->memory.listings_limit(),
                    context_->outside->slots());
        sweep();
      },
  };
}

// For the messages that take a directory away: nobody would send a lost one again, and its slot would be lost with it.
template <class Message>
void supervisor_actor::surely(void (supervisor_actor::*handler)(Message), Message m) {
  try {
    (this->*handler)(m);
  } catch (const std::exception&) {
    owed_.emplace_back([this, handler, m] { (this->*handler)(m); });
    throw;
  }
}

void supervisor_actor::clean_up() {
  for (; !owed_.empty(); owed_.pop_front())
    owed_.front()();
}

void supervisor_actor::on_exit() {
  context_->inodes.clear();
  others_.reset(); // directories and supervisor hold each other: here the circle opens
}

caf::actor supervisor_actor::live(dir_slot slot) const {
  caf::strong_actor_ptr ptr{context_->inodes.actor_of(slot)};
  return caf::actor_cast<caf::actor>(ptr);
}

void supervisor_actor::enter(enter_directory& m) {
  if (!context_->inodes.in_use(m.slot))
    return; // the request's reply token answers EIO
  caf::actor directory = live(m.slot);
  if (!directory) {
    // Neither linked nor monitored: killing many linked children is quadratic in CAF 0.17.
    directory = system().spawn<directory_actor, caf::lazy_init>(context_, others_, m.slot);
    context_->inodes.set_actor(m.slot, directory);
    context_->counts.add(counter::directories_live);
    context_->counts.add(counter::directories_spawned);
  }
  // Moved: a kernel_op has one owner, and a message that is shared would have to be copied to be taken from.
  directory->enqueue(nullptr, caf::make_message_id(), std::move(m.first), context());
}

// Who has the directory open has asked, so the kernel refers to it. Of two at one path, one of which was replaced while
// it was open, the later is meant.
std::optional<dir_slot> supervisor_actor::slot_of(std::uint64_t inode) const {
  std::optional<dir_slot> found;
  for (std::uint64_t slot = 0; slot < context_->inodes.slots(); ++slot) {
    const auto each = static_cast<dir_slot>(slot);
    if (context_->inodes.in_use(each) && context_->inodes.ino_of(each) == inode)
      found = each;
  }
  return found;
}

// Nothing here is because of the question, which is not replayed.
void supervisor_actor::ask(ask_directory& m) {
  const auto found = slot_of(m.inode);
  if (!found) {
    m.request.answer.error(ESTALE);
    return;
  }
  const trace::because_of nothing{0, 0};
  m.request.stamp = trace::sent_by::now();
  if (caf::actor directory = live(*found))
    anon_send(directory, std::move(m.request));
  else
    anon_send(this, enter_directory{*found, caf::make_message(std::move(m.request))});
}

void supervisor_actor::release(release_directory m) {
  if (!context_->inodes.in_use(m.slot))
    return;
  if (caf::actor directory = live(m.slot))
    anon_send(directory, released{m.number});
  else // dormant: nobody ever went in
    tell_parent_idle({m.slot, context_->inodes.generation_of(m.slot), m.number});
}

void supervisor_actor::tell_parent_idle(directory_idle m) {
  if (!context_->inodes.in_use(m.slot) || context_->inodes.generation_of(m.slot) != m.generation)
    return; // it was reaped upon an earlier word
  const dir_slot parent = context_->inodes.parent_of(m.slot);
  if (parent == no_slot)
    return; // the root stays
  if (caf::actor above = live(parent))
    anon_send(above, child_is_idle{m.slot, m.generation, m.number});
}

// In the order of its messages: who is spawned after this has the new link from the table.
void supervisor_actor::relink(relink_directories m) {
  for (const relinked& each : m.of) {
    if (!context_->outside->is_current(each.slot, each.generation))
      continue; // reaped meanwhile
    if (caf::actor directory = live(each.slot))
      anon_send(directory, snapshot_moved{each.link, each.move});
    context_->inodes.relink(each.slot, each.link);
  }
}

// A directory is read again each time it was forgotten; its warning is of the mount.
void supervisor_actor::warn_once(const entries_hidden& m) {
  if (warned_of_.insert(m.link->key).second)
    log::warn("directory '{}': {} of its entries cannot be shown: {}", path_of(*m.link), m.count, m.reason);
}

void supervisor_actor::sweep() {
  const std::uint64_t slots = context_->outside->slots();
  for (dir_slot slot = sweep_.next(slots); slot != no_slot; slot = sweep_.next(slots)) {
    if (!context_->inodes.in_use(slot))
      continue;
    if (caf::actor directory = live(slot)) {
      sweep_.requested();
      anon_send(directory, shed_listing{});
    }
  }
}

// Also while nobody enters a directory and so nothing says that memory is short.
void supervisor_actor::sweep_again() {
  if (!sweep_.wanting())
    return;
  sweep_.again(context_->outside->listings_memory(), context_->memory.listings_limit(), context_->outside->slots());
  sweep();
}

void supervisor_actor::trim_if_idle() {
  const std::uint64_t requests = context_->outside->kernel_requests();
  if (std::exchange(requests_, requests) != requests)
    trimmed_ = false;
  else if (!std::exchange(trimmed_, true))
    context_->outside->aside([this] { system().spawn<trimmer, caf::detached>(context_); });
}

std::string supervisor_actor::describe() const {
  return fmt::format("{} directories live; {} slots; {} clean-ups to be done again\n",
                     context_->counts.value(counter::directories_live), context_->inodes.slots(), owed_.size());
}

void supervisor_actor::reap(reap_directory m) {
  if (!context_->inodes.in_use(m.slot))
    return;
  if (context_->inodes.actor_of(m.slot) != nullptr) {
    context_->counts.subtract(counter::directories_live);
    context_->counts.add(counter::directories_reaped);
  }
  resting_.push_back(m.slot); // first: it may throw
  context_->inodes.free(m.slot, trace::cause_now);
  if (resting_.size() <= rest)
    return;
  context_->inodes.recycle(resting_.front());
  resting_.pop_front();
}

} // namespace gitfs
