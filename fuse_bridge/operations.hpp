// Turns kernel requests into messages.
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

/// The operations find this object behind libfuse's userdata pointer. It outlives the session.
struct bridge {
  std::shared_ptr<mount_context> context;
  caf::actor supervisor;
  common_attr common;
  std::shared_ptr<const mount_status> about; ///< the status as far as the options tell it; null: unknown
  bool kernel_opens_alone = false;           ///< set by INIT, before any other request
  caf::actor catalog{};                      ///< null: nothing is followed
  bool init_answered = false;                ///< the kernel sends nothing else before INIT is answered; see session_io
  std::filesystem::path mountpoint{};        ///< as this process sees it
};

/// The table for fuse_session_new. Each operation runs on a FUSE worker thread that has set `this_thread_unit`. It only
/// sends a message, or answers from constants, and returns.
fuse_lowlevel_ops fuse_operations(bool xattr);

/// A new number for a refresh_refs message.
refresh_number next_refresh();

/// The execution unit of the calling FUSE worker thread.
fuse_unit*& this_thread_unit();

} // namespace gitfs
