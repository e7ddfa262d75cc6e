// nodeid → directory actor, without a lock.
//
// An append-only slab in chunks that double, so that no slot ever moves. A slot is written by the actor that allocates
// it, published with a release store, and only then revealed to the kernel by a reply: whoever comes with the nodeid
// finds it filled. A slot goes back only when the kernel holds no reference (the parent's actor knows), so no request
// can be on its way to it.
#pragma once

#include "actors/model/directory_location.hpp"

#include <caf/actor.hpp>
#include <caf/actor_control_block.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

namespace gitfs {

class inode_table {
public:
  inode_table();
  ~inode_table();
  inode_table(const inode_table&) = delete;
  inode_table& operator=(const inode_table&) = delete;

  /// A dormant slot for a directory that nobody has entered. Any thread. `parent` is the slot of the directory that
  /// holds its dentry. ENFILE is the only failure: none when 2^32 directories are in use.
  std::optional<dir_slot> allocate(dir_slot parent, directory_location_ptr link);

  /// The same in a certain slot, which no other call gives: for a replay. One thread. False: it is in use.
  bool allocate_at(dir_slot slot, dir_slot parent, directory_location_ptr link);

  /// How many slots there are, in use or free. Any thread.
  std::uint64_t slots() const { return used_.load(std::memory_order_relaxed); }

  /// True for a slot that was allocated and not freed since. Any thread.
  bool in_use(dir_slot slot) const;
  /// The actor, or null while the slot is dormant. The caller's kernel reference keeps it alive.
  caf::actor_control_block* actor_of(dir_slot slot) const;
  dir_slot parent_of(dir_slot slot) const;
  child_index index_of(dir_slot slot) const;
  /// Counts the uses of a slot: (slot, generation) never comes back.
  std::uint32_t generation_of(dir_slot slot) const;

  /// The supervisor alone calls these.
  const directory_location_ptr& location_of(dir_slot slot) const;
  void set_actor(dir_slot slot, const caf::actor& actor);
  /// The directory is part of another snapshot; its parent and its dentry there are the same.
  void relink(dir_slot slot, directory_location_ptr link);
  void free(dir_slot slot);
  /// One that is free may be allocated again.
  void recycle(dir_slot slot);
  /// Drops every actor handle: directories end as soon as their mailboxes are empty.
  void clear();

private:
  struct slot;

  // 2^10 slots in the first chunk; chunk k > 0 doubles what is there. 23 chunks make 2^32.
  static constexpr unsigned first_bits = 10;
  static constexpr unsigned chunk_count = 23;

  slot* at(dir_slot index) const;
  void fill(dir_slot index, dir_slot parent, directory_location_ptr link);

  mutable std::array<std::atomic<slot*>, chunk_count> chunks_{};
  std::atomic<std::uint64_t> used_{0};
  std::atomic<std::uint64_t> free_head_; // Treiber stack: tag in the upper half against ABA, slot in the lower
};

} // namespace gitfs
