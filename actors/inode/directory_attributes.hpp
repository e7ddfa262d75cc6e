// What stat shows of a directory and of what is in it.
#pragma once

#include "actors/inode/directory_inode.hpp"
#include "actors/model/reply.hpp"

namespace gitfs {

/// True for a submodule, too: it is an empty directory.
bool is_directory(const dentry& entry);

node_attr own_attr(const directory_inode& of);
/// The size may be unknown_size.
node_attr attr_of(const directory_inode& of, const dentry& entry);

} // namespace gitfs
