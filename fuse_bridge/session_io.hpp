// Changes what libfuse writes to the kernel where libfuse itself cannot be told to.
#pragma once

#include "fuse_bridge/libfuse.hpp"

namespace gitfs {

/// Lets look-ups and listings of one directory run side by side. libfuse 3.14 takes FUSE_CAP_PARALLEL_DIROPS for that,
/// and leaves it out of its answer to INIT. Then the kernel lets only one request at a time into a directory, and a
/// look-up waits for a listing that waits for the server. Called between fuse_session_mount and the first request; the
/// session's userdata must be a bridge. Returns an errno such as ENOMEM, or 0.
int allow_parallel_dirops(fuse_session* session);

} // namespace gitfs
