#include "actors/mount/inode_table.hpp"

#include <caf/actor_cast.hpp>

#include <algorithm>
#include <bit>

namespace gitfs {

struct inode_table::slot {
  // Null while dormant. Holds one strong reference.
  std::atomic<caf::actor_control_block*> actor{nullptr};
  std::atomic<bool> in_use{false};
  std::atomic<dir_slot> parent{no_slot};
  std::atomic<child_index> index{0};
  std::atomic<std::uint32_t> generation{0};
  std::atomic<dir_slot> next_free{no_slot};
  directory_location_ptr link;
};

namespace {

constexpr std::uint64_t tagged(std::uint64_t old, dir_slot slot) {
  return ((old >> 32) + 1) << 32 | slot;
}

} // namespace

inode_table::inode_table() : free_head_(no_slot) {}

inode_table::~inode_table() {
  clear();
  for (auto& chunk : chunks_)
    delete[] chunk.load(std::memory_order_acquire);
}

inode_table::slot* inode_table::at(dir_slot index) const {
  const std::uint64_t shifted = (std::uint64_t{index} >> first_bits) + 1;
  const unsigned chunk = static_cast<unsigned>(std::bit_width(shifted)) - 1;
  const std::uint64_t base = chunk == 0 ? 0 : ((std::uint64_t{1} << chunk) - 1) << first_bits;
  const std::uint64_t length = std::uint64_t{1} << (chunk + first_bits);
  slot* slots = chunks_[chunk].load(std::memory_order_acquire);
  if (slots == nullptr) {
    auto* fresh = new slot[length];
    if (chunks_[chunk].compare_exchange_strong(slots, fresh, std::memory_order_acq_rel))
      slots = fresh;
    else
      delete[] fresh; // another actor was first
  }
  return slots + (index - base);
}

std::optional<dir_slot> inode_table::allocate(dir_slot parent, directory_location_ptr link) {
  std::uint64_t head = free_head_.load(std::memory_order_acquire);
  dir_slot index = no_slot;
  while (static_cast<dir_slot>(head) != no_slot) {
    const dir_slot next = at(static_cast<dir_slot>(head))->next_free.load(std::memory_order_relaxed);
    if (free_head_.compare_exchange_weak(head, tagged(head, next), std::memory_order_acq_rel)) {
      index = static_cast<dir_slot>(head);
      break;
    }
  }
  if (index == no_slot) {
    const std::uint64_t fresh = used_.fetch_add(1, std::memory_order_relaxed);
    if (fresh >= no_slot) {
      used_.fetch_sub(1, std::memory_order_relaxed);
      return std::nullopt;
    }
    index = static_cast<dir_slot>(fresh);
  }
  fill(index, parent, std::move(link));
  return index;
}

bool inode_table::allocate_at(dir_slot index, dir_slot parent, directory_location_ptr link) {
  if (in_use(index))
    return false;
  used_.store(std::max<std::uint64_t>(used_.load(), std::uint64_t{index} + 1));
  fill(index, parent, std::move(link));
  return true;
}

void inode_table::fill(dir_slot index, dir_slot parent, directory_location_ptr link) {
  slot* s = at(index);
  s->parent.store(parent, std::memory_order_relaxed);
  s->index.store(link->index, std::memory_order_relaxed);
  s->link = std::move(link);
  s->in_use.store(true, std::memory_order_release); // publishes all of the above
}

bool inode_table::in_use(dir_slot index) const {
  return index < used_.load(std::memory_order_relaxed) && at(index)->in_use.load(std::memory_order_acquire);
}

caf::actor_control_block* inode_table::actor_of(dir_slot index) const {
  return at(index)->actor.load(std::memory_order_acquire);
}

dir_slot inode_table::parent_of(dir_slot index) const {
  return at(index)->parent.load(std::memory_order_relaxed);
}

child_index inode_table::index_of(dir_slot index) const {
  return at(index)->index.load(std::memory_order_relaxed);
}

std::uint32_t inode_table::generation_of(dir_slot index) const {
  return at(index)->generation.load(std::memory_order_relaxed);
}

const directory_location_ptr& inode_table::location_of(dir_slot index) const {
  return at(index)->link;
}

void inode_table::set_actor(dir_slot index, const caf::actor& actor) {
  auto* raw = caf::actor_cast<caf::strong_actor_ptr>(actor).release();
  auto* old = at(index)->actor.exchange(raw, std::memory_order_acq_rel);
  if (old != nullptr)
    caf::intrusive_ptr_release(old);
}

void inode_table::relink(dir_slot index, directory_location_ptr link) {
  at(index)->link = std::move(link);
}

void inode_table::free(dir_slot index) {
  slot* s = at(index);
  set_actor(index, {});
  s->link.reset();
  s->generation.fetch_add(1, std::memory_order_relaxed);
  s->in_use.store(false, std::memory_order_release);
}

void inode_table::recycle(dir_slot index) {
  slot* s = at(index);
  std::uint64_t head = free_head_.load(std::memory_order_acquire);
  do {
    s->next_free.store(static_cast<dir_slot>(head), std::memory_order_relaxed);
  } while (!free_head_.compare_exchange_weak(head, tagged(head, index), std::memory_order_acq_rel));
}

void inode_table::clear() {
  const std::uint64_t used = used_.load(std::memory_order_acquire);
  for (std::uint64_t i = 0; i < used; ++i)
    set_actor(static_cast<dir_slot>(i), {});
}

} // namespace gitfs
