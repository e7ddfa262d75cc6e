// The program as a helper of mount(8): the way in from /etc/fstab and systemd's mount units.
#pragma once

#include "config/error.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gitfs {

/// Whether `program` (argv[0]) is a name that mount(8) calls a helper by: mount.gitfs-actor, mount.fuse.gitfs-actor.
bool is_mount_helper(std::string_view program);

struct helper_call {
  std::vector<std::string> arguments; ///< what stands behind `gitfs-actor mount` to ask the same
  bool fake = false;                  ///< -f: all but the mount itself
  bool verbose = false;               ///< -v; without it mount(8) is to be silent
};

/// Takes what mount(8) gives a helper, without its name: "SPEC DIR [-sfnv] [-o OPTIONS] [-t TYPE]". OPTIONS are the
/// words of `-o`, and our options without their dashes: "ref=v6.1". EINVAL, with what would be right.
result<helper_call> read_helper_call(std::span<const char* const> arguments);

} // namespace gitfs
