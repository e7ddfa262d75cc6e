#include "actors/inode/directory.hpp"

#include "actors/runtime/directory_messages.hpp"
#include "actors/runtime/fetch_messages.hpp"
#include "actors/runtime/mount_node_messages.hpp"
#include "actors/runtime/prefetch_messages.hpp"
#include "actors/trace/record/recorder.hpp"
#include "config/log.hpp"

#include <caf/event_based_actor.hpp>

#include <cerrno>
#include <new>

namespace gitfs {

namespace {

// Inflates one large blob on another thread, so that neither the directory nor the FUSE thread that runs it waits.
// Lives for that one blob.
class blob_loader final : public caf::event_based_actor {
public:
  blob_loader(caf::actor_config& cfg, std::shared_ptr<mounted_repository> from, blob_load what)
    : caf::event_based_actor(cfg),
      from_(std::move(from)),
      what_(std::move(what)),
      cause_(trace::cause_now),
      root_(trace::root_now) {}

  const char* name() const override { return "blob_loader"; }

protected:
  caf::behavior make_behavior() override {
    const trace::because_of because{cause_, root_};
    const error failed = load();
    anon_send(what_.directory, blob_loaded{what_.want, failed.code, failed.message});
    return {}; // no behavior: it ends here
  }

private:
  // Caught here, because somebody waits for the answer.
  error load() const try {
    return what_.to_disk ? failure_of(from_->large_blobs.load(what_.blob))
                         : failure_of(from_->blobs.read(what_.blob, 0));
  } catch (const std::bad_alloc&) {
    return {ENOMEM, "there is no memory for a large file"};
  }

  template <class Loaded>
  static error failure_of(const Loaded& loaded) {
    // ENOENT: evicted or found corrupt meanwhile; the directory's next attempt fetches it.
    return loaded || loaded.error().code == ENOENT ? error{} : loaded.error();
  }

  const std::shared_ptr<mounted_repository> from_;
  const blob_load what_;
  const std::uint64_t cause_;
  const std::uint64_t root_;
};

} // namespace

directory_actor::directory_actor(caf::actor_config& cfg, std::shared_ptr<mount_context> context,
                                 std::shared_ptr<const mount_actors> others, dir_slot slot)
  : resilient_actor(cfg, {trace::actor_kind::directory, context->inodes.location_of(slot)->key}),
    context_(std::move(context)),
    others_(std::move(others)),
    slot_(slot),
    generation_(context_->inodes.generation_of(slot)),
    location_(context_->inodes.location_of(slot)) {
  trace::spawned(location_->key, location_->parent ? location_->parent->key : 0, location_->name, location_->tree,
                 slot_);
  state_.emplace(*context_, slot_, location_, static_cast<directory_port&>(*this));
}

caf::behavior directory_actor::make_behavior() {
  // The hot ones first: CAF tries handlers in order.
  return {
      [this](kernel_op& op) { state_->handle(std::move(op)); },
      [this](forget_op op) { state_->forget(op.at, op.count); },
      [this](want_finished& m) { state_->finished(m.id, m.outcome); },
      [this](released m) { state_->release(m.number); },
      [this](child_is_idle m) { state_->child_idle(m.slot, m.generation, m.number); },
      [this](const blob_loaded& m) {
        state_->finished(m.id, {m.code, {}, m.why});
      },
      [this](shed_listing) {
        shed_requested_ = true;
        state_->shed();
        answer_shedding();
      },
      [this](interrupt_op m) { state_->interrupted(m.request_id); },
      [this](snapshot_moved& m) { state_->moved(std::move(m.link), std::move(m.move)); },
      [this](const entries_changed& m) { state_->entries_changed(m.now, m.replaced); },
      [this](const mount_node_answered& m) { state_->node_answered(m.id, m.what); },
  };
}

void directory_actor::on_exit() {
  state_.reset(); // cancels what is in flight; parked replies answer EIO
}

namespace {

const caf::actor nobody;

} // namespace

const caf::actor& directory_actor::fetcher() const {
  return location_->shown ? location_->shown->of->repository->fetcher : nobody;
}

const caf::actor& directory_actor::prefetcher() const {
  return location_->shown ? location_->shown->of->prefetcher : nobody;
}

void directory_actor::ask(want w) {
  if (!fetcher()) {
    // A local repository has no other place to get it from: what is missing there is an error of that node alone.
    anon_send(this, want_finished{w.id, {EIO, {}}});
    return;
  }
  if (w.commit.is_zero())
    w.commit = commit_of(*location_);
  anon_send(fetcher(), ask_want{caf::actor_cast<caf::weak_actor_ptr>(this), id(), std::move(w), location_});
}

// Not this->anon_send in these two: they are also called while the actor is destroyed, perhaps on another thread than
// the execution unit that it ran on last, and a unit may be touched by its own thread only.
void directory_actor::promote(want_id want, urgency how) {
  if (fetcher())
    caf::anon_send(fetcher(), promote_want{id(), want, how});
}

void directory_actor::cancel(want_id want) {
  if (fetcher())
    caf::anon_send(fetcher(), cancel_want{id(), want});
}

void directory_actor::ask_mount_node(want_id want, const std::string& name) {
  anon_send(others_->catalog, gitfs::ask_mount_node{caf::actor_cast<caf::weak_actor_ptr>(this), id(), want, location_,
                                                    name, slot_, generation_});
}

void directory_actor::cancel_mount_node(want_id want) {
  caf::anon_send(others_->catalog, gitfs::cancel_mount_node{id(), want});
}

void directory_actor::load(want_id want, const oid& blob) {
  const std::shared_ptr<mounted_repository>& from = location_->shown->of->repository;
  const blob_load what{caf::actor_cast<caf::actor>(this), want, blob, false};
  from->outside->load(what, [&] { system().spawn<blob_loader>(from, what); });
}

// On a thread of its own: a gigabyte takes seconds, and the scheduler's two threads have everything else to do.
void directory_actor::write_blob_file(want_id want, const oid& blob) {
  const std::shared_ptr<mounted_repository>& from = location_->shown->of->repository;
  const blob_load what{caf::actor_cast<caf::actor>(this), want, blob, true};
  from->outside->load(what, [&] { system().spawn<blob_loader, caf::detached>(from, what); });
}

void directory_actor::release_child(dir_slot slot, release_number number) {
  anon_send(others_->supervisor, release_directory{slot, number});
}

void directory_actor::reap_child(dir_slot slot) {
  anon_send(others_->supervisor, reap_directory{slot});
}

void directory_actor::idle(release_number number) {
  anon_send(others_->supervisor, directory_idle{slot_, generation_, number});
  if (prefetcher())
    anon_send(prefetcher(), directory_forgotten{location_});
}

// It waits for that: after some that did not come it would ask nobody any more.
void directory_actor::answer_shedding() {
  if (!shed_requested_)
    return;
  anon_send(others_->supervisor, listing_shed{});
  shed_requested_ = false;
}

void directory_actor::hidden(std::size_t count, const std::string& reason) {
  anon_send(others_->supervisor, entries_hidden{location_, count, reason});
}

// By this execution unit, which runs it before the fetcher.
void directory_actor::listed() {
  if (prefetcher())
    anon_send(prefetcher(), directory_listed{location_});
}

// By this execution unit, after the read was answered: to wake another thread for each file takes more time than what
// the prefetcher does with it, and while it puts a window together, another worker serves the kernel
// (scripts/bench --row mount-tar).
void directory_actor::read_started(child_index child, const std::string& name, const oid& id, pid_t caller) {
  tell_prefetcher({location_, child, name, id, false, caller});
}

void directory_actor::read_missed(child_index child, const oid& id) {
  tell_prefetcher({location_, child, {}, id, true});
}

void directory_actor::tell_prefetcher(file_read what) {
  if (prefetcher())
    anon_send(prefetcher(), std::move(what));
}

void directory_actor::statted() {
  if (prefetcher())
    anon_send(prefetcher(), directory_statted{location_});
}

void directory_actor::looked_up(const oid& id) {
  if (prefetcher() && context_->knows_sets)
    anon_send(prefetcher(), file_looked_up{location_, id});
}

void directory_actor::probe_was_read() {
  if (fetcher())
    anon_send(fetcher(), gitfs::probe_was_read{});
}

// Also called while this actor is made, when there is no execution unit yet.
void directory_actor::over_budget() {
  caf::anon_send(others_->supervisor, gitfs::over_budget{});
}

void directory_actor::ask_kernel_to_forget(std::vector<std::uint64_t> nodeids) {
  if (context_->kernel != nullptr)
    context_->kernel->forget(std::move(nodeids));
}

void directory_actor::tell_kernel(directory_change what) {
  if (context_->kernel != nullptr)
    context_->kernel->changed(std::move(what));
}

void directory_actor::relink(std::vector<relinked> children) {
  anon_send(others_->supervisor, relink_directories{std::move(children)});
}

void directory_actor::snapshot_left(const directory_location_ptr& root) {
  if (prefetcher())
    anon_send(prefetcher(), gitfs::snapshot_left{root});
}

std::function<void()> directory_actor::interrupter(std::uint64_t request_id) {
  // Weak: a request that is parked in this actor must not keep it alive.
  return [me = caf::actor_cast<caf::weak_actor_ptr>(this), request_id] {
    const trace::because_of edge{trace::interrupted(request_id)};
    if (auto strong = me.lock())
      caf::anon_send(caf::actor_cast<caf::actor>(strong), interrupt_op{request_id});
  };
}

} // namespace gitfs
