#include "actors/mount/inode_table.hpp"

#include <caf/actor_cast.hpp>

#include <atomic>
#include <utility>

namespace gitfs {

struct inode_table::directory {
  // Null while the slot is dormant. Holds one strong reference.
  std::atomic<caf::actor_control_block*> actor{nullptr};
  std::atomic<std::uint64_t> ino{0};
  std::atomic<bool> in_use{false};
  std::atomic<dir_slot> parent{no_slot};
  std::atomic<child_index> index{0};
  std::atomic<std::uint32_t> generation{0};
  std::atomic<std::uint64_t> freed_by{0}; // order number of the handler
  node_slot next = no_slot;
  directory_location_ptr link;

  std::atomic_ref<node_slot> next_free() { return std::atomic_ref{next}; }
};

// Plain numbers only, so that the memory of a chunk is not touched before its entries are used (see slab).
struct inode_table::leaf {
  std::uint64_t ino;
  dir_slot parent; // of a free entry: the next free one
  child_index index;
  std::uint32_t generation;
  std::uint32_t kind; // 0: the entry is free; else 1 + entry_kind

  std::atomic_ref<node_slot> next_free() { return std::atomic_ref{parent}; }
};

namespace {

template <class Number>
Number loaded(Number& from, std::memory_order how = std::memory_order_relaxed) {
  return std::atomic_ref{from}.load(how);
}

template <class Number>
void put(Number& to, Number value, std::memory_order how = std::memory_order_relaxed) {
  std::atomic_ref{to}.store(value, how);
}

} // namespace

inode_table::inode_table() = default;

inode_table::~inode_table() {
  clear();
}

inode_table::directory& inode_table::directory_at(dir_slot slot) const {
  return directories_.at(slot);
}

inode_table::leaf& inode_table::leaf_at(node_slot slot) const {
  static_assert(sizeof(leaf) == 24); // a mount may have millions
  return leaves_.at(slot - first_leaf);
}

bool inode_table::in_use(node_slot slot) const {
  if (is_leaf(slot))
    return leaf_kind(slot).has_value();
  return slot < slots() && directory_at(slot).in_use.load(std::memory_order_acquire);
}

node_address inode_table::address_of(std::uint64_t nodeid) const {
  const node_slot slot = slot_of(nodeid);
  if (!is_leaf(slot))
    return {slot, self_child};
  return in_use(slot) ? node_address{parent_of(slot), index_of(slot) + 1} : node_address{};
}

dir_slot inode_table::parent_of(node_slot slot) const {
  return is_leaf(slot) ? loaded(leaf_at(slot).parent) : directory_at(slot).parent.load(std::memory_order_relaxed);
}

child_index inode_table::index_of(node_slot slot) const {
  return is_leaf(slot) ? loaded(leaf_at(slot).index) : directory_at(slot).index.load(std::memory_order_relaxed);
}

std::uint32_t inode_table::generation_of(node_slot slot) const {
  return is_leaf(slot) ? loaded(leaf_at(slot).generation)
                       : directory_at(slot).generation.load(std::memory_order_relaxed);
}

std::uint64_t inode_table::ino_of(node_slot slot) const {
  return is_leaf(slot) ? loaded(leaf_at(slot).ino) : directory_at(slot).ino.load(std::memory_order_relaxed);
}

// --- directories ----------------------------------------------------------------------------------------------------

std::optional<dir_slot> inode_table::allocate(dir_slot parent, std::uint64_t ino, directory_location_ptr link,
                                              std::uint64_t handler) {
  const auto slot = directories_.take(
      first_leaf, [handler](directory& d) { return d.freed_by.load(std::memory_order_relaxed) <= handler; });
  if (slot)
    fill(*slot, parent, ino, std::move(link));
  return slot;
}

bool inode_table::allocate_at(dir_slot slot, dir_slot parent, std::uint64_t ino, directory_location_ptr link) {
  if (is_leaf(slot) || in_use(slot))
    return false;
  directories_.reach(slot);
  fill(slot, parent, ino, std::move(link));
  return true;
}

void inode_table::fill(dir_slot slot, dir_slot parent, std::uint64_t ino, directory_location_ptr link) {
  directory& d = directory_at(slot);
  d.ino.store(ino, std::memory_order_relaxed);
  d.parent.store(parent, std::memory_order_relaxed);
  d.index.store(link->index, std::memory_order_relaxed);
  d.link = std::move(link);
  d.in_use.store(true, std::memory_order_release); // publishes all of the above
}

std::uint64_t inode_table::slots() const {
  return directories_.used();
}

caf::actor_control_block* inode_table::actor_of(dir_slot slot) const {
  return directory_at(slot).actor.load(std::memory_order_acquire);
}

const directory_location_ptr& inode_table::location_of(dir_slot slot) const {
  return directory_at(slot).link;
}

void inode_table::set_actor(dir_slot slot, const caf::actor& actor) {
  auto* raw = caf::actor_cast<caf::strong_actor_ptr>(actor).release();
  auto* old = directory_at(slot).actor.exchange(raw, std::memory_order_acq_rel);
  if (old != nullptr)
    caf::intrusive_ptr_release(old);
}

void inode_table::relink(dir_slot slot, directory_location_ptr link) {
  directory_at(slot).link = std::move(link);
}

void inode_table::free(dir_slot slot, std::uint64_t handler) {
  directory& d = directory_at(slot);
  d.freed_by.store(handler, std::memory_order_relaxed);
  set_actor(slot, {});
  d.link.reset();
  d.generation.fetch_add(1, std::memory_order_relaxed);
  d.in_use.store(false, std::memory_order_release);
}

void inode_table::recycle(dir_slot slot) {
  directories_.recycle(slot);
}

void inode_table::clear() {
  const std::uint64_t used = slots();
  for (std::uint64_t i = 0; i < used; ++i)
    set_actor(static_cast<dir_slot>(i), {});
}

// --- leaves ---------------------------------------------------------------------------------------------------------

std::optional<node_slot> inode_table::allocate_leaf(dir_slot parent, child_index index, entry_kind kind,
                                                    std::uint64_t ino) {
  const auto taken = leaves_.take(no_slot - first_leaf);
  if (!taken)
    return std::nullopt;
  const node_slot slot = first_leaf + *taken;
  leaf& l = leaf_at(slot);
  put(l.ino, ino);
  put(l.parent, parent);
  put(l.index, index);
  put(l.kind, static_cast<std::uint32_t>(kind) + 1, std::memory_order_release); // publishes all of the above
  return slot;
}

void inode_table::free_leaf(node_slot slot) {
  leaf& l = leaf_at(slot);
  put(l.generation, loaded(l.generation) + 1);
  put(l.kind, std::uint32_t{0}, std::memory_order_release);
  leaves_.recycle(slot - first_leaf);
}

std::uint64_t inode_table::leaf_slots() const {
  return leaves_.used();
}

std::optional<entry_kind> inode_table::leaf_kind(node_slot slot) const {
  if (!is_leaf(slot) || slot - first_leaf >= leaf_slots())
    return std::nullopt;
  const std::uint32_t kind = loaded(leaf_at(slot).kind, std::memory_order_acquire);
  return kind == 0 ? std::nullopt : std::optional{static_cast<entry_kind>(kind - 1)};
}

} // namespace gitfs
