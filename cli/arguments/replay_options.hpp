// The command line of `gitfs-actor replay`.
#pragma once

#include "cli/arguments/command_line.hpp"

#include <span>
#include <string_view>

namespace gitfs {

inline constexpr std::string_view replay_help = R"(Usage: gitfs-actor replay [options] FILE

Lets the actors of a mount do again what FILE, written by mount --trace, says they have done: without a kernel, without
a server, each message at its recorded place. Every message and every reply is compared. If all are equal, the exit
status is 0; else it is 1, and the first difference is shown: what was recorded and what happened in its place, what led
to it, and the state of the actor. It ends where FILE has a gap (it was cut off, or the mount was killed).

  --until N                           end after the message with this number (as trace show prints it)
  --actor INODE                       show each message that the directory with this inode number takes, and its state
  --step                              stop at each message, or at those of --actor, and ask what to do
  --shuffle SEED, --shuffle FROM..TO  what the kernel asked, in other orders, as these seeds say, with a store that is
                                      empty at first: each request must be answered, once and right, no count may go
                                      below zero, and in the end nothing may be left. A seed that fails is run again
                                      with ever fewer steps (--until: so many), down to the fewest that fail
  --json                              print the outcome as a JSON object
)";

/// Reads the arguments behind "replay". Errors as of parse_command_line.
result<invocation> parse_replay(std::span<const char* const> arguments);

} // namespace gitfs
