// The command line of `gitfs-actor config`.
#pragma once

#include "cli/arguments/command_line.hpp"

#include <span>
#include <string_view>

namespace gitfs {

inline constexpr std::string_view config_help = R"(Usage: gitfs-actor config check [--servers] FILE
       gitfs-actor config show [--json] [--config FILE] [options of mount] [SOURCE] [MOUNTPOINT]

check: reads the config FILE as 'gitfs-actor mount --config FILE' would, without mounting. A line says what it shows; of a
file that is wrong, a line for each mistake, FILE:LINE:COLUMN first, and exit status 1. Servers are asked, and
secrets read, only with --servers.

show: prints each setting, its value, and where that comes from: the default, the file, a variable (GITFS_ACTOR_...), or
the command line. Each of these goes before the ones before it. Of secrets it prints where they are kept.

  --servers                           check: ask the server of each entry, too: whether it lets us in with the entry's
                                      token, and where the ref is. A line for each; the exit status is 1 if one does not.
                                      Nothing is fetched or kept
  --config FILE                       show: what is in effect with this file
  --json                              show: as a JSON object; sizes in bytes, times in seconds

docs/configuration.md says what can be in a file.
)";

result<invocation> parse_config(std::span<const char* const> arguments);

} // namespace gitfs
