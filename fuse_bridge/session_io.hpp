// What libfuse reads from the kernel and writes to it.
#pragma once

#include "fuse_bridge/libfuse.hpp"

namespace gitfs {

/// Lets look-ups and listings of one directory run side by side. libfuse 3.14 is asked for that by
/// FUSE_CAP_PARALLEL_DIROPS and leaves it out of its answer to INIT; then the kernel lets one at a time into a
/// directory, and whoever looks a name up waits for a listing that waits for the server. Between fuse_session_mount and
/// the first request; the session's userdata is a bridge. ENOMEM and the like.
int allow_parallel_dirops(fuse_session* session);

} // namespace gitfs
