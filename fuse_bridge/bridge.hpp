// The parts of a mount that answer its requests and the questions to it.
#pragma once

#include "actors/model/mount_status.hpp"
#include "actors/mount/mount_context.hpp"
#include "fuse_bridge/fuse_reply.hpp"

#include <caf/actor.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>

namespace gitfs {

/// libfuse's userdata pointer leads to it. Outlives the session.
struct bridge {
  std::shared_ptr<mount_context> context;
  caf::actor supervisor;
  common_attr common;
  std::shared_ptr<const mount_status> about; ///< the status as far as the options tell it; null: unknown
  bool kernel_opens_alone = false;           ///< set by INIT, before any other request
  caf::actor catalog{};                      ///< null: a mount without a catalog, in which no ref is followed
  bool init_answered = false;                ///< the kernel sends nothing else before that; see session_io
  bool exports_can_be_refused = false;       ///< set by INIT; see session_io
  std::filesystem::path mountpoint{};        ///< as this process sees it
  std::uint32_t max_read = 0; ///< in bytes, from the mount options; libfuse must be given it in INIT, too. 0: no limit
};

} // namespace gitfs
