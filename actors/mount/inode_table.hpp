// The nodes that the kernel refers to: who answers for each, without a lock.
//
// An entry is written by the actor that takes it, published with a release store, and only then revealed to the kernel
// by a reply: whoever comes with its nodeid finds it filled. It goes back only when the kernel holds no reference (the
// actor of the directory that the node is in knows), so no request can be on its way to it.
//
// Directories and leaves have tables of their own, since a mount has ten times as many leaves, and a leaf needs a third
// of what a directory does; the slot tells which.
#pragma once

#include "actors/model/directory_location.hpp"
#include "actors/model/node_id.hpp"
#include "actors/mount/slab.hpp"
#include "backend/git/tree.hpp"

#include <caf/actor.hpp>
#include <caf/actor_control_block.hpp>

#include <cstdint>
#include <optional>

namespace gitfs {

class inode_table {
public:
  inode_table();
  ~inode_table();
  inode_table(const inode_table&) = delete;
  inode_table& operator=(const inode_table&) = delete;

  // --- any node; any thread -----------------------------------------------------------------------------------------

  /// True for a slot that was allocated and not freed since.
  bool in_use(node_slot slot) const;
  /// Whom to ask about the node that the kernel calls so. A `dir` that is not in use: there is none.
  node_address address_of(std::uint64_t nodeid) const;
  /// The directory that the node is in, and the index of its dentry there.
  dir_slot parent_of(node_slot slot) const;
  child_index index_of(node_slot slot) const;
  /// Counts the uses of a slot: (slot, generation) never comes back.
  std::uint32_t generation_of(node_slot slot) const;
  /// st_ino: the node's own from its first reveal on, whatever becomes of its path.
  std::uint64_t ino_of(node_slot slot) const;

  // --- directories --------------------------------------------------------------------------------------------------

  /// A dormant slot for a directory that nobody has entered. Any thread. `parent` is the slot of the directory that
  /// holds its dentry. ENFILE is the only failure: none when 2^31 directories are in use.
  std::optional<dir_slot> allocate(dir_slot parent, std::uint64_t ino, directory_location_ptr link);
  /// The same in a certain slot, which no other call gives: for a replay. One thread. False: it is in use.
  bool allocate_at(dir_slot slot, dir_slot parent, std::uint64_t ino, directory_location_ptr link);

  /// How many slots of directories there are, in use or free. Any thread.
  std::uint64_t slots() const;
  /// The actor, or null while the slot is dormant. The caller's kernel reference keeps it alive. Any thread.
  caf::actor_control_block* actor_of(dir_slot slot) const;

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

  // --- leaves -------------------------------------------------------------------------------------------------------

  /// For what is in the directory `parent` and has no actor, upon the kernel's first reference. Any thread. ENFILE is
  /// the only failure: none when 2^31 are in use.
  std::optional<node_slot> allocate_leaf(dir_slot parent, child_index index, entry_kind kind, std::uint64_t ino);
  /// Upon its last. The slot may be allocated again at once. The actor of its directory alone.
  void free_leaf(node_slot slot);
  /// How many slots of leaves there are, in use or free, from first_leaf on. Any thread.
  std::uint64_t leaf_slots() const;
  /// None: the slot is free. Any thread.
  std::optional<entry_kind> leaf_kind(node_slot slot) const;

private:
  struct directory;
  struct leaf;

  directory& directory_at(dir_slot slot) const;
  leaf& leaf_at(node_slot slot) const;
  void fill(dir_slot slot, dir_slot parent, std::uint64_t ino, directory_location_ptr link);

  slab<directory> directories_;
  slab<leaf> leaves_;
};

} // namespace gitfs
