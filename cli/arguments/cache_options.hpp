// The command line of `gitfs-actor cache`.
#pragma once

#include "cli/arguments/command_line.hpp"

#include <span>
#include <string_view>

namespace gitfs {

inline constexpr std::string_view cache_help = R"(Usage: gitfs-actor cache info [--json] [options]
       gitfs-actor cache gc [options]
       gitfs-actor cache verify [options]
       gitfs-actor cache rm [--force] [options] URL...

Looks after the folder in which mounts keep what they have fetched. All of it works while mounts use the folder.

  info      show each repository in it: its URL, how much it takes and when it was last used
  gc        bring the folder within its size (what was not used for longest goes first, and is fetched again when it is
            needed), merge small files, remove what killed processes have left
  verify    read every object and check it; what is damaged is moved to the folder "quarantine" of its repository, and
            is fetched again when it is needed. The exit status is 1 if there was damage
  rm        remove what was fetched of these repositories, named as 'info' names them; not while a mount uses one of
            them, but with --force: the mount then fetches again what it needs

  --cache-dir DIR                     the folder (default: $XDG_CACHE_HOME/gitfs-actor or ~/.cache/gitfs-actor)
  --cache-size SIZE                   the size, as 500M or 20G (default: that of the last mount)
  --cache-min-free SIZE               what gc leaves free on the disk (default: 5 % of it or 1G, whichever is less)
  --json                              info as a JSON object
  --force                             rm also what a mount uses
)";

/// Reads the arguments behind "cache". Errors as of parse_command_line.
result<invocation> parse_cache(std::span<const char* const> arguments);

} // namespace gitfs
