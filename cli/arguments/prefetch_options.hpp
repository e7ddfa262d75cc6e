// The command line of `gitfs-actor prefetch`.
#pragma once

#include "cli/arguments/command_line.hpp"

#include <span>
#include <string_view>

namespace gitfs {

inline constexpr std::string_view prefetch_help = R"(Usage: gitfs-actor prefetch [options] PATH|GLOB|-...

Fetches files and folders of a mount now, with all that is in them, so that later they are read from this machine. The
mount looks for all files that are named together, and asks for their contents in one request; folders it walks and
reads in the order of the tree. A GLOB, quoted from the shell, is a pattern as git's :(glob) takes it: * ? and [...]
match no slash, ** any number of folders. A file that is called like the pattern is meant itself. For - the paths and
patterns are read from standard input, one in each line.

  --below FOLDER                      relative paths are below FOLDER, and not below the current folder
  --dry-run                           only walk, and tell how much there is. The walk itself fetches listings and sizes;
                                      a server that does not tell sizes is asked for the contents
  -z, --null                          standard input has a NUL behind each path instead of a line's end, so that names
                                      may have line ends in them
  --readers N                         files that are read at the same time, 1 to 16 (default: 2)

The exit status is 1 if anything could not be read; each is named.
)";

/// Reads the arguments behind "prefetch". Errors as of parse_command_line.
result<invocation> parse_prefetch(std::span<const char* const> arguments);

} // namespace gitfs
