// Questions of programs that see the mount but not its control socket, for example in a container.
#pragma once

#include "fuse_bridge/bridge.hpp"

#include <cstddef>
#include <string_view>

namespace gitfs {

/// Answers the ioctl control::gate_command on any folder of the mount, which takes the same questions as the control
/// socket. It works through every bind mount and in every mount namespace. A special file in its place would need a
/// name, and a repository may have a file of any name; an ioctl needs no name and is in no listing. `in`: the bytes
/// that the kernel has copied from the caller; `room`: how many bytes the kernel copies back.
void answer_ioctl(const bridge& of, fuse_req_t request, unsigned command, std::string_view in, std::size_t room);

} // namespace gitfs
