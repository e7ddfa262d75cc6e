// Which errno a program sees when something fails below the mount.
#pragma once

namespace gitfs {

/// What could not be had: an object that a tree names, or the answer about a node of the mount tree.
enum class requested { object, mount_node };

/// `code` itself if a program can act on it, else EIO. A server that lacks an object is no ENOENT of the path, because
/// a tree names the path; a forge that does not know a name is an ENOENT.
int visible_errno(int code, requested what);

} // namespace gitfs
