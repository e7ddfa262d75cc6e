// What libfuse reads from the kernel and writes to it.
#pragma once

#include "fuse_bridge/libfuse.hpp"

namespace gitfs {

/// Adds two flags to the answer to INIT. Between fuse_session_mount and the first request; the session's userdata is a
/// bridge. ENOMEM and the like.
///
/// FUSE_PARALLEL_DIROPS lets look-ups and listings of one directory run side by side. libfuse 3.14 is asked for that by
/// FUSE_CAP_PARALLEL_DIROPS and leaves it out; then the kernel lets one at a time into a directory, and whoever looks a
/// name up waits for a listing that waits for the server.
///
/// FUSE_NO_EXPORT_SUPPORT, where the kernel offers it (Linux 6.9): file handles cannot be opened. Without it the kernel
/// opens one by its node id, as long as it knows a node of that id, and so overlayfs would find other files by the
/// handles that it has stored in an earlier mount.
int mend_answer_to_init(fuse_session* session);

} // namespace gitfs
