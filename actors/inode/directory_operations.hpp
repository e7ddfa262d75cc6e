// The kernel's operations on a directory, and on the files, links and submodules in it.
//
// A directory answers for everything in it that is no directory itself. So each operation has two functions:
// `attempt_self` says what the directory answers, and `attempt_child` what an entry of it answers. Both answer the
// request with what is on this machine and return nothing, or they return what the request lacks and have changed
// nothing.
#pragma once

#include "actors/inode/directory_inode.hpp"

namespace gitfs {

/// Attempts the request once: calls the function for its operation.
lacking attempt(directory_inode& of, kernel_op& op);

/// Answers a question about the mount that is no request of the kernel from what is here. Changes nothing, because a
/// replay passes over it.
void answer_question(const directory_inode& of, kernel_op& op);

// lookup_operation.cpp
lacking attempt_self(directory_inode& of, kernel_op& op, const lookup_op& what);
lacking attempt_child(directory_inode& of, kernel_op& op, const dentry& child, const lookup_op& what);

// getattr_operation.cpp
lacking attempt_self(directory_inode& of, kernel_op& op, const getattr_op& what);
lacking attempt_child(directory_inode& of, kernel_op& op, const dentry& child, const getattr_op& what);

// readdir_operation.cpp
lacking attempt_self(directory_inode& of, kernel_op& op, const readdir_op& what);
lacking attempt_child(directory_inode& of, kernel_op& op, const dentry& child, const readdir_op& what);

// read_operations.cpp
lacking attempt_self(directory_inode& of, kernel_op& op, const readlink_op& what);
lacking attempt_child(directory_inode& of, kernel_op& op, const dentry& child, const readlink_op& what);
lacking attempt_self(directory_inode& of, kernel_op& op, const read_op& what);
lacking attempt_child(directory_inode& of, kernel_op& op, const dentry& child, const read_op& what);

// xattr_operations.cpp
lacking attempt_self(directory_inode& of, kernel_op& op, const getxattr_op& what);
lacking attempt_child(directory_inode& of, kernel_op& op, const dentry& child, const getxattr_op& what);
lacking attempt_self(directory_inode& of, kernel_op& op, const listxattr_op& what);
lacking attempt_child(directory_inode& of, kernel_op& op, const dentry& child, const listxattr_op& what);

} // namespace gitfs
