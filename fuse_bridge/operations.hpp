// Turns kernel requests into messages.
#pragma once

#include "fuse_bridge/libfuse.hpp"

namespace gitfs {

/// The table for fuse_session_new, whose userdata is a `bridge`. Each operation runs on a FUSE worker thread that has
/// set `this_thread_unit`; it only sends a message (or answers from constants) and returns.
fuse_lowlevel_ops fuse_operations(bool xattr);

} // namespace gitfs
