// `gitfs-actor prefetch`, read by its table.
#pragma once

#include "cli/arguments/command_line.hpp"

#include <span>
#include <string_view>

namespace gitfs {

inline constexpr std::string_view prefetch_help = R"(Usage: gitfs-actor prefetch [options] PATH|GLOB...

Fetches files and folders of a mount now, with all that is in them, so that later they are read from this machine. It
walks and reads through the mount in the order of the tree, which the mount turns into few and large requests. A GLOB is
for the shell's own kind of pattern where the shell has not expanded it; ** stands for any number of folders.

  --dry-run                           only walk, and tell how much there is. The walk itself fetches listings and sizes;
                                      a server that does not tell sizes is asked for the contents
  --readers N                         files that are read at the same time, 1 to 16 (default: 2)

The exit status is 1 if anything could not be read; each is named.
)";

/// What stands behind the command's name.
result<invocation> parse_prefetch(std::span<const char* const> arguments);

} // namespace gitfs
