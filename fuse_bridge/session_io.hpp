// Changes what libfuse writes to the kernel where libfuse itself cannot be told to.
#pragma once

#include "fuse_bridge/libfuse.hpp"

namespace gitfs {

/// Has two flags added to libfuse's answer to INIT. Called between fuse_session_mount and the first request; the
/// session's userdata must be a bridge. Returns an errno such as ENOMEM, or 0.
///
/// FUSE_PARALLEL_DIROPS lets look-ups and listings of one directory run side by side. libfuse 3.14 takes
/// FUSE_CAP_PARALLEL_DIROPS for that, and leaves it out of its answer. Then the kernel lets only one request at a time
/// into a directory, and a look-up waits for a listing that waits for the server.
///
/// FUSE_NO_EXPORT_SUPPORT, where the kernel offers it (Linux 6.9), makes file handles that cannot be opened. Without it
/// the kernel opens a handle by its node id, as long as it knows a node with that id. So overlayfs would find other
/// files by the handles that it has stored in an earlier mount.
int mend_answer_to_init(fuse_session* session);

} // namespace gitfs
