// The program as a helper of mount(8), which calls it for /etc/fstab and for systemd's mount units.
#pragma once

#include "config/error.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gitfs {

/// True if `program` (argv[0]) is a name by which mount(8) calls its helper: mount.gitfs-actor, mount.fuse.gitfs-actor.
bool is_mount_helper(std::string_view program);

struct helper_call {
  std::vector<std::string> arguments; ///< arguments of `gitfs-actor mount` that ask for the same
  bool fake = false;                  ///< -f: check everything, but do not mount
  bool verbose = false;               ///< -v: print the line that says what was mounted
};

/// Reads the arguments that mount(8) gives a helper, without the program's name: "SPEC DIR [-sfnv] [-o OPTIONS] [-t
/// TYPE]". OPTIONS are the words of `-o`, and our own options without their dashes, such as "ref=v6.1". EINVAL: an
/// argument is wrong; the message says what would be right.
result<helper_call> read_helper_call(std::span<const char* const> arguments);

} // namespace gitfs
