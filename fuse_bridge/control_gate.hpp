// Questions about the mount from who sees nothing but the mount: a process in a container, say.
#pragma once

#include "fuse_bridge/bridge.hpp"

#include <cstddef>
#include <string_view>

namespace gitfs {

/// Answers an ioctl on any folder of the mount: control::gate_command, with the questions of the control socket. It
/// works through every bind mount and in every mount namespace. A file to be asked through would need a name, and every
/// name that is none of git's own a repository can have; an ioctl takes none, and no listing shows it. `in`: what the
/// kernel has copied for it; `room`: bytes that it copies back.
void answer_ioctl(const bridge& of, fuse_req_t request, unsigned command, std::string_view in, std::size_t room);

} // namespace gitfs
