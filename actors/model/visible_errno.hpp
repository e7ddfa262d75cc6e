// What a program sees of a failure below the mount.
#pragma once

namespace gitfs {

/// What was asked for: an object that a tree names, or a node of the mount tree.
enum class asked_for { object, mount_node };

/// `code` itself where it tells a program what it can act on; else EIO. That a server lacks an object is no ENOENT of
/// the path, for a tree names it; that a service does not know a name is one.
int visible_errno(int code, asked_for what);

} // namespace gitfs
