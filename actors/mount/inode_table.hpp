// The nodes that the kernel refers to, and for each the directory that answers for it. Works without a lock.
//
// The actor that allocates an entry fills it, publishes it with a release store, and only then reveals its node id to
// the kernel by a reply. So every request with that id finds the entry filled. The entry is freed only when the kernel
// holds no reference to the node, which the actor of the directory above knows; so no request for it can be on its way.
//
// Directories and leaves have tables of their own, because a mount has ten times as many leaves, and a leaf needs a
// third of the memory of a directory. The number of a slot tells in which table it is.
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

  /// True if the slot is allocated.
  bool in_use(node_slot slot) const;
  /// The directory that answers for the node with that id, and the child in it. `dir` is not in use if no node has it.
  node_address address_of(std::uint64_t nodeid) const;
  /// The directory that the node is in, and the index of its dentry there.
  dir_slot parent_of(node_slot slot) const;
  child_index index_of(node_slot slot) const;
  /// A number that grows with each use of the slot, so that a pair of slot and generation is never used twice.
  std::uint32_t generation_of(node_slot slot) const;
  /// st_ino of the node. It stays the same from the first reveal on, even if the path of the node changes.
  std::uint64_t ino_of(node_slot slot) const;

  // --- directories --------------------------------------------------------------------------------------------------

  /// A dormant slot for a directory that nobody has entered. Any thread. `parent` is the slot of the directory that
  /// holds its dentry. `handler`: the order number of the message on whose behalf it is, 0 when nothing is recorded. A
  /// slot that was freed by a later handler is left alone: this one began before that, and a replay, in which handlers
  /// run one after the other, would find the slot in use. None: 2^31 directories are in use (ENFILE).
  std::optional<dir_slot> allocate(dir_slot parent, std::uint64_t ino, directory_location_ptr link,
                                   std::uint64_t handler = 0);
  /// Allocates a certain slot, for a replay, which uses no other way to allocate. One thread. False: it is in use.
  bool allocate_at(dir_slot slot, dir_slot parent, std::uint64_t ino, directory_location_ptr link);

  /// How many slots of directories there are, in use or free. Any thread.
  std::uint64_t slots() const;
  /// The actor, or null while the slot is dormant. The caller's kernel reference keeps it alive. Any thread.
  caf::actor_control_block* actor_of(dir_slot slot) const;

  /// The following functions are called by the supervisor alone.
  const directory_location_ptr& location_of(dir_slot slot) const;
  void set_actor(dir_slot slot, const caf::actor& actor);
  /// The directory belongs to another snapshot now. Its parent and its dentry there have not changed.
  void relink(dir_slot slot, directory_location_ptr link);
  void free(dir_slot slot, std::uint64_t handler = 0);
  /// Lets a freed slot be allocated again.
  void recycle(dir_slot slot);
  /// Drops every actor handle: directories end as soon as their mailboxes are empty.
  void clear();

  // --- leaves -------------------------------------------------------------------------------------------------------

  /// A slot for a leaf in the directory `parent`, at the kernel's first reference to it. Any thread. None: 2^31 leaves
  /// are in use (ENFILE).
  std::optional<node_slot> allocate_leaf(dir_slot parent, child_index index, entry_kind kind, std::uint64_t ino);
  /// Frees the slot when the kernel has given back its last reference; it may be allocated again at once. Called by the
  /// actor of the leaf's directory alone.
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
