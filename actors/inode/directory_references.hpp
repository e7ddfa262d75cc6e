// The kernel's references to the children of a directory, and what ends when it has none.
#pragma once

#include "actors/inode/directory_inode.hpp"
#include "actors/model/reply.hpp"

#include <cstdint>

namespace gitfs {

/// Fills `out` with a node that the kernel may refer to, and counts the reference. False: the inode table is full.
bool reveal(directory_inode& of, dentry& entry, node_entry& out);
/// The kernel has given back that many references, or has not taken one that was counted.
void drop_reference(directory_inode& of, dentry& entry, std::uint64_t count);

/// The supervisor's answer to a release: the child is idle. Unless the kernel refers to it again, nobody can reach it.
void reap_if_released(directory_inode& of, dir_slot child, std::uint32_t generation, release_number number);
/// Releases again every child directory to which the kernel does not refer.
void release_children_again(directory_inode& of);
/// Answers the parent's release if nothing in the directory is used any more.
void answer_release_if_idle(directory_inode& of);

/// The location of a child directory, as it follows from that of this one.
directory_location_ptr child_location(const directory_inode& of, child_index index, const dentry& entry);

} // namespace gitfs
