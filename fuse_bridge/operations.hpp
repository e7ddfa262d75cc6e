// Kernel requests → messages.
#pragma once

#include "actors/model/mount_status.hpp"
#include "actors/model/places.hpp"
#include "actors/mount/mount_context.hpp"
#include "fuse_bridge/fuse_reply.hpp"
#include "fuse_bridge/fuse_unit.hpp"
#include "fuse_bridge/libfuse.hpp"

#include <caf/actor.hpp>

#include <filesystem>
#include <memory>

namespace gitfs {

/// What the operations find behind libfuse's userdata pointer. Outlives the session.
struct bridge {
  std::shared_ptr<mount_context> context;
  caf::actor supervisor;
  common_attr common;
  std::shared_ptr<const mount_status> about; ///< what can be said without asking anybody; none: nothing
  bool kernel_opens_alone = false;           ///< set by INIT, before any other request
  caf::actor catalog{};                      ///< none: nothing is followed
  bool init_answered = false;                ///< the kernel sends nothing else before; see session_io
  bool exports_can_be_refused = false;       ///< the same
  std::filesystem::path mountpoint{};        ///< as this process sees it
};

/// The table for fuse_session_new. Each operation runs on a FUSE worker thread that has set `this_thread_unit`; it only
/// sends a message (or answers from constants) and returns.
fuse_lowlevel_ops fuse_operations(bool xattr);

/// A number for refresh_refs.
refresh_number next_refresh();

/// The execution unit of the calling FUSE worker thread.
fuse_unit*& this_thread_unit();

} // namespace gitfs
