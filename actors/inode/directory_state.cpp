#include "actors/inode/directory_state.hpp"

#include "actors/inode/entry_times.hpp"
#include "actors/model/visible_errno.hpp"
#include "actors/mount/mounted_ref.hpp"
#include "config/log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <unordered_map>

namespace gitfs {

namespace {

// What a directory takes beside its dentries: its actor (as measured), its slot and its link.
constexpr std::uint64_t directory_bytes = 2000;

bool lacks_size(const dentry& d) {
  return d.size == unknown_size && has_contents(d.kind);
}

environment& environment_of(const mount_context& context, const directory_location& link) {
  return link.shown ? *link.shown->of->repository->outside : *context.outside;
}

} // namespace

directory_state::directory_state(mount_context& context, dir_slot self, directory_location_ptr link,
                                 directory_port& port)
  : context_(context),
    self_(self),
    location_(std::move(link)),
    outside_(&environment_of(context_, *location_)),
    port_(port) {
  account();
}

directory_state::~directory_state() {
  context_.memory.subtract(memory_budget::kind::listings, accounted_);
  for (const wanted& each : parking_.on_their_way())
    cancel(each);
}

// Called where the table of dentries changes as a whole: never on the way of a request that finds it complete.
void directory_state::account() {
  std::uint64_t now = directory_bytes + dentries_.bytes() + past_.capacity() * sizeof(oid);
  for (const auto& [name, runs] : pasts_) // of few directories, and of these few runs
    now += 150 + runs->capacity() * sizeof(shown_run);
  const std::uint64_t before = std::exchange(accounted_, now);
  if (now <= before)
    context_.memory.subtract(memory_budget::kind::listings, before - now);
  else if (outside_->listings_memory(now - before) > context_.memory.listings_limit())
    port_.over_budget();
}

void directory_state::shed() {
  if (std::exchange(used_, false) || parked() != 0)
    return;
  shedding_ = true;
  drop_listing_if_idle();
  std::vector<std::uint64_t> nodes;
  dentries_.each_looked_up([&](const dentry& entry) { nodes.push_back(nodeid_of(entry.slot)); });
  if (self_ != root_slot)
    nodes.push_back(nodeid_of(self_));
  port_.ask_kernel_to_forget(std::move(nodes));
}

void directory_state::drop_listing_if_idle() {
  if (!shedding_ || parked() != 0 || !complete_ || !dentries_.worth_dropping())
    return;
  complete_ = false;
  dropped_ = true;
  dentries_.drop();
  account();
}

void directory_state::handle(kernel_op op) {
  if (op.answer.request_id() == 0)
    return tell(op);
  used_ = true;
  shedding_ = false;
  if (upcoming_)
    go_on_moving(); // the tree may have come with something else, or could not be had before
  if (lacking what = attempt(op))
    park(std::move(op), *what);
}

void directory_state::park(kernel_op op, const missing& what) {
  const bool evictable = what.what == missing::listing || what.what == missing::blob;
  if ((op.brought & what.what) != 0 && (!evictable || op.again_left-- == 0)) {
    refuse(op, EIO,
           (what.id.is_zero() ? "it" : "object " + what.id.hex())
               + " was fetched and is not here: its server sends something else, or the disk does not keep it"
               + (op.lacked.empty() ? "" : " (" + op.lacked + ")"));
    return;
  }
  if (what.what == missing::sizes && what.id.is_zero())
    port_.statted();
  const want_id id = want_for(what, urgency_of(op, what)).id;
  const std::uint64_t request = op.answer.request_id();
  // Last, because a caller that has already given up is reported at once.
  parking_.park(std::move(op), request, id).answer.on_interrupt(port_.interrupter(request));
}

directory_state::wanted& directory_state::want_for(const missing& what, urgency how) {
  if (wanted* const known = parking_.find(what)) {
    if (how > known->how) {
      known->how = how;
      port_.promote(known->id, how);
    }
    return *known;
  }
  // Noted when it was asked for, not before: if asking throws, nobody must come to wait for it.
  const wanted fresh{parking_.next_id(), what, how, how == urgency::speculation};
  switch (what.what) {
  case missing::listing:
    ask_for_listing(fresh.id, what.id, how);
    break;
  case missing::sizes:
    port_.ask(
        {fresh.id, want_kind::sizes, how, unknown_sizes(), what.id.is_zero() ? std::nullopt : std::optional{what.id}});
    if (!what.id.is_zero()) {
      ++lone_probes_;
      probed_.push_back(what.id);
    }
    break;
  case missing::blob:
    port_.ask({fresh.id, want_kind::blobs, how, {what.id}});
    break;
  case missing::loaded:
    port_.load(fresh.id, what.id);
    break;
  case missing::blob_file:
    port_.write_blob_file(fresh.id, what.id);
    break;
  case missing::child_trees:
    port_.ask({fresh.id, want_kind::trees, how, missing_objects(entry_kind::directory)});
    break;
  case missing::link_targets:
    port_.ask({fresh.id, want_kind::blobs, how, missing_objects(entry_kind::symlink)});
    break;
  case missing::mount_node:
    port_.ask_mount_node(fresh.id, what.name);
    break;
  }
  parking_.begin(fresh);
  return *parking_.find(what);
}

void directory_state::ask_for_listing(want_id id, const oid& tree, urgency how) {
  want w{id, want_kind::trees, how, {tree.is_zero() ? location_->tree : tree}};
  if (upcoming_ && tree == upcoming_->tree)
    w.commit = commit_of(*upcoming_); // so all trees of that snapshot come with it
  port_.ask(std::move(w));
}

urgency directory_state::urgency_of(const kernel_op& op, const missing& what) {
  const bool on_path = what.what == missing::listing ? std::holds_alternative<lookup_op>(op.what)
                                                     : what.what == missing::sizes && !what.id.is_zero();
  return on_path ? urgency::path : urgency::demand;
}

// Who looks up one file without having listed the directory is probably about to read it, and wants nothing of the
// others. Who goes on like that wants them all.
directory_state::missing directory_state::sizes_for(const dentry& looked_up) const {
  constexpr std::size_t few = 2;
  const missing all{missing::sizes, {}};
  if (listed_ || lone_probes_ >= few || parking_.is_wanted(all))
    return all;
  return {missing::sizes, looked_up.id};
}

void directory_state::finished(want_id id, const want_result& outcome) {
  const auto ended = parking_.end(id);
  if (!ended)
    return; // cancelled, or overtaken by an invalidation
  const missing& what = ended->what;
  if (ended->ahead && outcome.code == ENOTSUP) {
    // As a guess it costs too much on this server. Who has come to wait for it since asks for it as a demand.
    for (kernel_op& waiter : parking_.take(id))
      handle(std::move(waiter));
    return;
  }
  if (what.what == missing::sizes && outcome.code == 0)
    fill_sizes(outcome.sizes);
  if (upcoming_ && what == missing{missing::listing, upcoming_->tree}) {
    if (outcome.code == 0 && outside_->has_listing(what.id))
      go_on_moving();
    else {
      log::warn("directory '{}' goes on showing what it did until it is used: its new tree {} cannot be had",
                path_of(*location_), what.id.hex());
      move_.reset(); // nobody is to wait for that
    }
  }
  answer_waiters(id, outcome, what.what);
}

void directory_state::answer_waiters(want_id id, const want_result& outcome, missing::kind brought) {
  // Taken out first: an attempt may park again and so change the list.
  for (kernel_op& waiter : parking_.take(id)) {
    if (outcome.code == ECANCELED) { // the mount ends, which is no failure
      waiter.answer.error(EIO);
      continue;
    }
    if (outcome.code != 0) {
      refuse(waiter, visible_errno(outcome.code, requested::object), outcome.why);
      continue;
    }
    waiter.brought |= brought;
    handle(std::move(waiter));
  }
}

void directory_state::interrupted(std::uint64_t request_id) {
  auto given_up = parking_.give_up(request_id);
  if (!given_up)
    return; // answered meanwhile
  given_up->request.answer.error(EINTR);
  if (given_up->alone)
    cancel(*given_up->alone);
}

void directory_state::forget(child_index at, std::uint64_t count) {
  if (at == self_child)
    return; // a directory's own references are counted by its parent
  if (dentry* entry = dentries_.at(at - 1))
    drop_reference(*entry, count);
  drop_listing_if_idle(); // here, and not where a request gives back a reference: that one is using the listing
}

void directory_state::drop_reference(dentry& entry, std::uint64_t count) {
  if (dentries_.unref(entry, count) != 0)
    return;
  if (entry.slot != no_slot) {
    if (is_leaf(entry.slot)) {
      context_.inodes.free_leaf(entry.slot);
      dentries_.set_slot(entry, no_slot);
    } else {
      port_.release_child(entry.slot, releasing_[entry.slot] = ++last_release_);
    }
  }
  idle_if_released();
}

void directory_state::child_idle(dir_slot slot, std::uint32_t generation, release_number number) {
  if (!outside_->is_current(slot, generation))
    return; // an earlier release of the same child has already led to its reaping
  auto latest = releasing_.find(slot);
  dentry* entry = dentries_.at(context_.inodes.index_of(slot));
  if (latest == releasing_.end() || latest->second != number || entry == nullptr || entry->nlookup != 0)
    return;               // looked up again meanwhile: the next forget releases it again
  port_.reap_child(slot); // first: if it throws, clean_up still sees the child
  releasing_.erase(latest);
  dentries_.set_slot(*entry, no_slot);
  idle_if_released();
}

void directory_state::release(release_number number) {
  released_ = number;
  idle_if_released();
}

void directory_state::idle_if_released() {
  // Who is parked here holds a reference: the directory was looked up again, and the release is the one of before. It
  // must not take away what they wait for; the next forget releases it again.
  if (released_ == 0 || dentries_.referenced() || parked() != 0)
    return;
  // What is still on its way is speculation, and nobody is left to use it. (A load cannot be cancelled; its result is
  // dropped.)
  for (const wanted& each : parking_.on_their_way())
    cancel(each);
  parking_.end_if([](const wanted&) { return true; });
  move_.reset(); // the tree of the next snapshot is not on its way any more: who uses the directory wants it again
  port_.idle(released_);
  released_ = 0; // last: if one of these throws, clean_up does them again
}

void directory_state::clean_up() {
  parking_.drop_lost(); // their replies answer EIO
  for (child_index i = 0; const dentry* entry = dentries_.at(i); ++i)
    if (entry->has_directory() && entry->nlookup == 0)
      port_.release_child(entry->slot, releasing_[entry->slot] = ++last_release_);
  say_what_moved();
  if (upcoming_)
    go_on_moving();
  idle_if_released();
}

void directory_state::stand_at(directory_location_ptr link) {
  location_ = std::move(link);
  outside_ = &environment_of(context_, *location_);
  port_.stands_at(location_);
}

bool directory_state::ensure_listing(kernel_op& op, lacking& instead) {
  if (complete_)
    return true;
  if (!location_->shown)
    return ensure_mount_node(op, instead);
  const missing what{missing::listing, {}};
  if (parking_.is_wanted(what))
    return instead = what, false;
  const auto listing = outside_->listing(location_->tree);
  if (!listing) {
    op.lacked = listing.error().message;
    if (listing.error().code == ENOENT)
      return instead = what, false;
    refuse(op, EIO, "its tree " + location_->tree.hex() + " cannot be read: " + op.lacked);
    return false;
  }
  take_listing(*listing.value());
  return true;
}

table_changes directory_state::take_listing(const parsed_tree& found) {
  if (found.hidden != 0)
    port_.hidden(found.hidden, found.hidden_reason);
  const file_time changed = changed_at_.value_or(since());
  entry_times times{changed, past(), *location_->shown->of->repository->db};
  table_changes changes = dentries_.refresh(found.entries, changed, times.source());
  pasts_ = times.of_directories(found.entries);
  complete_ = true;
  account();
  return changes;
}

std::vector<oid> directory_state::unknown_sizes() const {
  std::vector<oid> out;
  for (child_index i : dentries_.sorted()) {
    const dentry& d = *dentries_.at(i);
    if (lacks_size(d))
      out.push_back(d.id);
  }
  return out;
}

void directory_state::fill_sizes(const std::vector<std::pair<oid, std::uint64_t>>& known) {
  const std::vector<oid> ids = unknown_sizes();
  if (ids.empty())
    return;
  std::vector<std::uint64_t> found(ids.size(), unknown_size);
  outside_->sizes(ids, found);
  // Also from the answer itself: a size table that could not be written must not make a size unknown for ever.
  std::unordered_map<oid, std::uint64_t> answered(known.begin(), known.end());
  std::size_t at = 0;
  for (child_index i : dentries_.sorted()) {
    dentry& d = *dentries_.at(i);
    if (at == ids.size() || !lacks_size(d))
      continue;
    d.size = found[at++];
    if (auto it = answered.find(d.id); d.size == unknown_size && it != answered.end())
      d.size = it->second;
  }
}

// After the listing was answered, never before: prefetch must not delay or change the request that armed it.
void directory_state::after_listing() {
  listed_ = true;
  if (!context_.prefetch || !location_->shown)
    return;
  port_.listed(); // first, so that what is wanted for a whole window leaves in one request with what is wanted here
  if (!unknown_sizes().empty())
    want_for({missing::sizes, {}}, urgency::speculation);
  if (!missing_objects(entry_kind::directory).empty())
    want_for({missing::child_trees, {}}, urgency::speculation);
  // Where a link points is part of what `ls -l` shows, and a few bytes.
  if (!missing_objects(entry_kind::symlink).empty())
    want_for({missing::link_targets, {}}, urgency::speculation);
}

std::string directory_state::describe() const {
  // By the bits of missing::kind.
  static constexpr std::string_view kinds[] = {"listing",           "sizes",        "blob",         "blob into memory",
                                               "trees of children", "link targets", "blob to disk", "mount node"};
  std::string out =
      fmt::format("listing {}: {} dentries, {} references to them; {}\n", complete_ ? "complete" : "not here",
                  dentries_.size(), dentries_.references(), released_ == 0 ? "the kernel refers to it" : "released");
  for (const auto& each : parking_.waiting())
    out += fmt::format("parked: request {}, waits for want {}\n", each.number, each.waits_for);
  if (upcoming_)
    out += fmt::format("waits for tree {} of the next snapshot\n", upcoming_->tree.hex());
  for (const wanted& each : parking_.on_their_way())
    out += fmt::format("on its way: want {}, {}{}\n", each.id, kinds[std::countr_zero(std::uint8_t{each.what.what})],
                       each.ahead ? ", ahead" : "");
  return out;
}

std::vector<oid> directory_state::missing_objects(entry_kind of) const {
  std::vector<oid> out;
  for (child_index i : dentries_.sorted())
    if (const dentry& d = *dentries_.at(i);
        d.kind == of && !(of == entry_kind::directory ? outside_->has_listing(d.id) : outside_->contains(d.id)))
      out.push_back(d.id);
  return out;
}

} // namespace gitfs
