// A directory takes over another snapshot.
//
// It switches in one step, in its mailbox: from then on it answers from the new listing. Only then is the kernel told
// what it must not answer from its caches any more; so whoever asks because of that gets the new answer.
//
// What was answered before the switch and reaches the kernel's caches after the notice:
// * LOOKUP and READDIRPLUS. The kernel holds the directory's inode lock from the request until the names of the answer
//   are in its cache, and takes it, exclusively, for FUSE_NOTIFY_INVAL_ENTRY. So a notice finds what an earlier answer
//   brought. (From Linux 6.19 on it looks first whether the name is cached at all, without the lock.) Names are looked
//   up without that lock only to see whether they are still so, which with infinite timeouts never happens.
// * Attributes. FUSE_NOTIFY_INVAL_INODE counts the version that the kernel notes before it asks for any.
// * The kernel's cache of a listing (fs/fuse/readdir.c): a reader that goes on with the old listing may fill it after
//   the notice. It becomes valid only by an empty answer, that is by a request at the end of the old listing, which
//   comes to us: see readdir_past, which has it dropped. (FUSE_NOTIFY_INVAL_INODE drops its pages, without which it is
//   not used.) One that was dropped while it was being filled stays unused until the kernel forgets the directory.
//
// A reader of a listing goes on with the one that it began. Its place carries the number of that listing; of past ones
// the tree is remembered, which is in the store or can be fetched again. So no listing is kept in memory, and no
// opendir is needed to know how long: an open directory keeps its actor, a new actor has no old readers. The number is
// needed also where the kernel answers by itself: in its cache of a newer listing it finds no such place, and asks us.
// Places without numbers would mix the two there, handles or not.
#include "actors/inode/directory_state.hpp"
#include "actors/mount/mounted_ref.hpp"
#include "config/log.hpp"

#include <algorithm>
#include <utility>

namespace gitfs {

namespace {

constexpr std::int64_t soon = 2; // seconds

constexpr std::size_t past_listings = 256; // a reader that slept through more changes of a directory gets ESTALE

} // namespace

file_time directory_state::since() const {
  if (location_->since)
    return *location_->since;
  return location_->shown ? location_->shown->since() : context_.began;
}

std::span<const shown_run> directory_state::past() const {
  if (location_->past)
    return *location_->past;
  if (is_root(*location_) && location_->shown && location_->shown->runs)
    return std::span{*location_->shown->runs}.subspan(1);
  return {};
}

directory_location_ptr directory_state::child_link(child_index index, const dentry& entry) const {
  auto out = std::make_shared<directory_location>();
  out->parent = location_;
  out->index = index;
  out->tree = entry.id;
  out->key = child_key(location_->key, entry.name);
  out->name = entry.name;
  out->shown = location_->shown;
  if (complete_)
    out->position = dentries_.position_of(index);
  out->since = entry.time;
  if (const auto known = pasts_.find(entry.name); known != pasts_.end())
    out->past = known->second;
  return out;
}

void directory_state::moved(directory_location_ptr link, move_token move) {
  move_ = std::move(move); // who waits for one that is overtaken waits for this one
  if (is_root(*link))
    port_.snapshot_left(link);
  upcoming_ = std::move(link);
  // The tree of a snapshot that was overtaken before it was shown is not needed any more, but by who reads a past
  // listing.
  const auto overtaken = [this](const wanted& each) {
    return each.what.what == missing::listing && !each.what.id.is_zero() && each.what.id != upcoming_->tree;
  };
  for (const wanted& each : parking_.not_ahead(overtaken))
    port_.cancel(each.id);
  go_on_moving();
}

void directory_state::go_on_moving() {
  const oid tree = upcoming_->tree;
  if (tree == location_->tree) {
    take_link(std::exchange(upcoming_, nullptr));
    say_what_moved();
    return;
  }
  // Without a listing the kernel may know, of what is here, only what it refers to and what it was told is absent.
  const bool known = complete_ || dentries_.referenced() || answered_absent_;
  const missing of_tree{missing::listing, tree};
  listing_ptr found;
  if (known) {
    if (const auto* known = parking_.find(of_tree); known != nullptr && known->ahead)
      return;
    auto listing = outside_->listing(tree);
    if (!listing && listing.error().code == ENOENT) {
      want_for(of_tree, urgency::demand).ahead = true;
      late_ = true;
      return;
    }
    if (listing)
      found = std::move(listing).value();
    else
      log::error("directory '{}': its tree {} cannot be read: {}", path_of(*location_), tree.hex(),
                 listing.error().message);
  }
  if (listed_) {
    if (past_.size() == past_listings)
      past_.erase(past_.begin());
    past_.push_back(location_->tree);
    ++number_;
  }
  stand_at(std::exchange(upcoming_, nullptr));
  // Whoever has read an old file until now may have made something of it, which must not look newer than the new one.
  // But after a remount that time is not known any more, so a tree that comes soon has the time of all others. (No
  // record has times, so a replay does not need to know this one.)
  changed_at_.reset();
  if (const file_time now = time_now(); std::exchange(late_, false) && now - since() > file_time_of(soon))
    changed_at_ = now;
  change_.nodeid = nodeid_of(self_);
  if (found) {
    note_changes(take_listing(*found));
  } else if (known) { // unreadable: an error of this directory alone, and of all that is in it
    note_changes(dentries_.refresh({}, since()));
    complete_ = false;
    account();
  }
  take_link(location_);
  say_what_moved();
  overtake();
  drop_listing_if_idle(); // it was on its way to that
}

void directory_state::note_changes(const table_changes& changes) {
  change_.names.insert(change_.names.end(), changes.gone.begin(), changes.gone.end());
  if (answered_absent_) // else there is no negative dentry
    for (child_index i : changes.added)
      change_.names.push_back(dentries_.at(i)->name);
  for (child_index i : changes.moved)
    if (const dentry& child = *dentries_.at(i); child.nlookup != 0)
      change_.attributes.push_back(nodeid_of(child.slot));
}

// What is below has its place by the links of its parents: all of them are made anew, also where nothing has changed.
void directory_state::take_link(directory_location_ptr link) {
  if (link->tree == location_->tree && !link->since && link != location_) {
    auto known = std::make_shared<directory_location>(*link);
    known->since = since();
    known->past = location_->past;
    link = std::move(known);
  }
  stand_at(std::move(link));
  relinks_.clear();
  dentries_.each_slot([&](child_index index, const dentry& entry) {
    relinks_.push_back({entry.slot, context_.inodes.generation_of(entry.slot), child_link(index, entry), move_});
  });
}

// Called again by clean_up until all is said.
void directory_state::say_what_moved() {
  if (change_.nodeid != 0) {
    change_.move = move_;
    port_.tell_kernel(change_);
    change_ = {};
  }
  if (!relinks_.empty()) {
    port_.relink(relinks_);
    relinks_.clear();
  }
  if (!upcoming_)
    move_.reset();
}

// What is on its way for the old listing is dropped, and a late answer to it with it: no want of that number is known
// any more. (Blobs are of a node, not of a listing; a listing that is named is of another tree.)
void directory_state::overtake() {
  const auto overtaken = parking_.end_if([](const wanted& each) {
    return each.what.what != missing::blob && each.what.what != missing::loaded && each.what.what != missing::blob_file
           && (each.what.what != missing::listing || each.what.id.is_zero());
  });
  std::vector<kernel_op> again;
  for (const wanted& each : overtaken) {
    cancel(each);
    for (kernel_op& waiter : parking_.take(each.id)) {
      waiter.brought &= static_cast<std::uint8_t>(~each.what.what); // as if nothing had been brought yet
      again.push_back(std::move(waiter));
    }
  }
  for (kernel_op& waiter : again)
    handle(std::move(waiter));
}

} // namespace gitfs
