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
//   comes to us: see `read_earlier_listing`, which has it dropped. (FUSE_NOTIFY_INVAL_INODE drops its pages, without
//   which it is not used.) One that was dropped while it was being filled stays unused until the kernel forgets the
//   directory.
//
// A reader of a listing goes on with the one that it began. Its place carries the number of that listing; of past ones
// the tree is remembered, which is in the store or can be fetched again. So no listing is kept in memory, and no
// opendir is needed to know how long: an open directory keeps its actor, a new actor has no old readers. The number is
// needed also where the kernel answers by itself: in its cache of a newer listing it finds no such place, and asks us.
// Places without numbers would mix the two there, handles or not.
#include "actors/inode/directory_move.hpp"

#include "actors/inode/directory_references.hpp"
#include "actors/inode/directory_tree.hpp"
#include "actors/inode/directory_wants.hpp"
#include "actors/mount/mounted_ref.hpp"
#include "config/log.hpp"

#include <utility>

namespace gitfs {

namespace {

using wanted = directory_parking::wanted;

// What is below has its place by the locations of its parents: all of them are made anew, also where nothing has
// changed.
void take_location(directory_inode& of, directory_location_ptr to) {
  const directory_location_ptr& now = of.location();
  if (to->tree == now->tree && !to->since && to != now) {
    auto known = std::make_shared<directory_location>(*to);
    known->since = of.since();
    known->past = now->past;
    to = std::move(known);
  }
  of.stand_at(std::move(to));
  std::vector<relinked> children;
  of.listing.entries().each_slot([&](child_index index, const dentry& entry) {
    children.push_back(
        {entry.slot, of.context.inodes.generation_of(entry.slot), child_location(of, index, entry), of.move.token()});
  });
  of.notices.locations_changed(std::move(children));
}

// What is on its way for the old listing is dropped, and a late answer to it with it: no want of that number is known
// any more. (A listing that is named is of another tree.) Gives the requests that waited for it.
std::vector<kernel_op> overtake(directory_inode& of) {
  const auto overtaken = of.parking.end_if([](const wanted& each) {
    return !row_of(each.what.what).of_file && (each.what.what != missing::listing || each.what.id.is_zero());
  });
  std::vector<kernel_op> again;
  for (const wanted& each : overtaken) {
    cancel(of, each);
    for (kernel_op& waiter : of.parking.take(each.id)) {
      waiter.brought &= static_cast<std::uint8_t>(~each.what.what); // as if nothing had been brought yet
      again.push_back(std::move(waiter));
    }
  }
  return again;
}

} // namespace

void begin_move(directory_inode& of, directory_location_ptr to, move_token token) {
  if (is_root(*to))
    of.port.snapshot_left(to);
  of.move.begin(std::move(to), std::move(token));
  // The tree of a snapshot that was overtaken before it was shown is not needed any more, except by readers of an
  // earlier listing.
  const auto overtaken = [&of](const wanted& each) {
    return each.what.what == missing::listing && !each.what.id.is_zero() && each.what.id != of.move.upcoming()->tree;
  };
  for (const wanted& each : of.parking.not_ahead(overtaken))
    of.port.cancel(each.id);
}

std::optional<std::vector<kernel_op>> go_on_moving(directory_inode& of) {
  const oid tree = of.move.upcoming()->tree;
  if (tree == of.location()->tree) {
    take_location(of, of.move.arrive());
    announce_changes(of);
    return std::nullopt;
  }
  // Without a listing the kernel may know, of what is here, only what it refers to and what it was told is absent.
  const bool known = of.listing.complete() || of.listing.entries().referenced() || of.notices.negative_dentries();
  listing_ptr found;
  if (known) {
    const missing of_tree{missing::listing, tree};
    if (const wanted* under_way = of.parking.find(of_tree); under_way != nullptr && under_way->ahead)
      return std::nullopt;
    auto listing = of.outside().listing(tree);
    if (!listing && listing.error().code == ENOENT) {
      want_for(of, of_tree, urgency::demand).ahead = true;
      of.move.is_late();
      return std::nullopt;
    }
    if (listing)
      found = std::move(listing).value();
    else
      log::error("directory '{}': its tree {} cannot be read: {}", path_of(*of.location()), tree.hex(),
                 listing.error().message);
  }
  if (of.listing.listed())
    of.listing.history().replace(of.location()->tree);
  of.stand_at(of.move.arrive());
  of.move.replaced_tree(of.since(), time_now()); // no record has times, so a replay does not need to know this one
  of.notices.directory_changed(nodeid_of(of.self));
  if (found)
    of.notices.entries_changed(show_tree(of, *found), of.listing.entries());
  else if (known) // unreadable: an error of this directory alone, and of all that is in it
    of.notices.entries_changed(of.listing.show_nothing(of.since(), of.outside()), of.listing.entries());
  take_location(of, of.location());
  announce_changes(of);
  return overtake(of);
}

void announce_changes(directory_inode& of) {
  of.notices.send(of.port, of.move.token());
  of.move.announced();
}

} // namespace gitfs
