#include "actors/inode/directory_references.hpp"

#include "actors/inode/directory_attributes.hpp"
#include "actors/inode/directory_wants.hpp"

#include <memory>

namespace gitfs {

bool reveal(directory_inode& of, dentry& entry, node_entry& out) {
  dentry_table& entries = of.listing.entries();
  inode_table& inodes = of.context.inodes;
  const child_index index = entries.index_of(entry);
  out.attr = attr_of(of, entry);
  if (entry.slot == no_slot) {
    const auto slot = entry.kind == entry_kind::directory
                          ? of.outside().allocate(of.self, out.attr.ino, child_location(of, index, entry))
                          : inodes.allocate_leaf(of.self, index, entry.kind, out.attr.ino);
    if (!slot)
      return false;
    entries.set_slot(entry, *slot);
  }
  out.nodeid = nodeid_of(entry.slot);
  out.generation = inodes.generation_of(entry.slot);
  out.address = is_leaf(entry.slot) ? node_address{of.self, index + 1} : node_address{entry.slot, self_child};
  out.lasting = of.in_repository() || !of.listing.is_assumed(entry.name);
  entries.ref(entry);
  return true;
}

void drop_reference(directory_inode& of, dentry& entry, std::uint64_t count) {
  dentry_table& entries = of.listing.entries();
  if (entries.unref(entry, count) != 0)
    return;
  if (entry.slot != no_slot) {
    if (is_leaf(entry.slot)) {
      of.context.inodes.free_leaf(entry.slot);
      entries.set_slot(entry, no_slot);
    } else {
      of.port.release_child(entry.slot, of.releases.next(entry.slot));
    }
  }
  answer_release_if_idle(of);
}

void reap_if_released(directory_inode& of, dir_slot child, std::uint32_t generation, release_number number) {
  if (!of.outside().is_current(child, generation))
    return; // an earlier release of the same child has already led to its reaping
  dentry* entry = of.listing.entries().at(of.context.inodes.index_of(child));
  if (!of.releases.is_latest(child, number) || entry == nullptr || entry->nlookup != 0)
    return;                  // looked up again meanwhile: the next forget releases it again
  of.port.reap_child(child); // first: if it throws, release_children_again still sees the child
  of.releases.reaped(child);
  of.listing.entries().set_slot(*entry, no_slot);
  answer_release_if_idle(of);
}

void release_children_again(directory_inode& of) {
  for (child_index i = 0; const dentry* entry = of.listing.entries().at(i); ++i)
    if (entry->has_directory() && entry->nlookup == 0)
      of.port.release_child(entry->slot, of.releases.next(entry->slot));
}

void answer_release_if_idle(directory_inode& of) {
  // Whoever is parked here holds a reference: the directory was looked up again, and the release is the one of before.
  // It must not take away what they wait for; the next forget releases the directory again.
  if (of.releases.self() == 0 || of.listing.entries().referenced() || of.in_use())
    return;
  // What is still on its way is speculation, and nobody is left to use it. (A load cannot be cancelled; its result is
  // dropped.)
  for (const auto& each : of.parking.on_their_way())
    cancel(of, each);
  of.parking.end_if([](const directory_parking::wanted&) { return true; });
  of.move.let_waiters_go(); // the next tree is not on its way any more: whoever uses the directory wants it again
  of.port.idle(of.releases.self());
  of.releases.answered(); // last: if one of these throws, the next call does them again
}

directory_location_ptr child_location(const directory_inode& of, child_index index, const dentry& entry) {
  const directory_location_ptr& here = of.location();
  auto out = std::make_shared<directory_location>();
  out->parent = here;
  out->index = index;
  out->tree = entry.id;
  out->key = child_key(here->key, entry.name);
  out->name = entry.name;
  out->shown = here->shown;
  if (of.listing.complete())
    out->position = of.listing.entries().position_of(index);
  out->since = entry.time;
  if (shown_runs_ptr past = of.listing.past_of(entry.name))
    out->past = std::move(past);
  return out;
}

} // namespace gitfs
