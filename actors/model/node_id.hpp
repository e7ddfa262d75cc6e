// Node ids of FUSE, and who answers for a node.
#pragma once

#include <compare>
#include <cstdint>

namespace gitfs {

/// Index of a node in the inode table.
using node_slot = std::uint32_t;
/// The same, of a directory that has an actor, or may get one.
using dir_slot = node_slot;
inline constexpr node_slot no_slot = ~node_slot{0};
inline constexpr dir_slot root_slot = 0;

/// Slots from here on are those of leaves: files, links, submodules. The actor of the directory that they are in
/// answers for them.
inline constexpr node_slot first_leaf = node_slot{1} << 31;
inline constexpr bool is_leaf(node_slot slot) {
  return slot >= first_leaf;
}

/// The number by which the kernel knows the node. The root must have 1, and no node may have 0, hence the + 1.
inline constexpr std::uint64_t nodeid_of(node_slot slot) {
  return std::uint64_t{slot} + 1;
}
/// The slot of a node id; no_slot if it is no id of ours.
inline constexpr node_slot slot_of(std::uint64_t nodeid) {
  return nodeid == 0 || nodeid > no_slot ? no_slot : static_cast<node_slot>(nodeid - 1);
}

/// Numbers the releases of children by their parent. An "idle" that answers an earlier release is stale, because the
/// child may have been looked up, entered and forgotten again since.
using release_number = std::uint64_t;

/// Index of a dentry in its directory; `self_child` in an address stands for the directory itself.
using child_index = std::uint32_t;
inline constexpr child_index self_child = 0;

/// The directory whose actor answers for a node, and which child of it is meant.
struct node_address {
  dir_slot dir = no_slot;
  child_index child = self_child; ///< self_child, or 1 + index of the dentry

  /// The number for this address in traces.
  std::uint64_t number() const { return ((std::uint64_t{dir} << 32) | child) + 1; }
  auto operator<=>(const node_address&) const = default;
};

} // namespace gitfs
