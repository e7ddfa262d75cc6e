// The command line of `gitfs-actor trace`.
#pragma once

#include "cli/arguments/command_line.hpp"

#include <span>
#include <string_view>

namespace gitfs {

inline constexpr std::string_view trace_help = R"(Usage: gitfs-actor trace dump [--redact] MOUNTPOINT [FILE]
       gitfs-actor trace show [options] FILE
       gitfs-actor trace stats FILE
       gitfs-actor trace diff [--redact] FILE FILE
       gitfs-actor trace export --perfetto [--redact] FILE

What the actors of a mount have done. A mount keeps the last of it in memory (--trace-memory); with --trace it writes
all of it to a file. When it crashes, what is in memory goes to LOGFILE.crash-trace.

  dump      write what a running mount keeps in memory to FILE, or to standard output
  show      print a line for each request, reply, transfer and message
  stats     print how long each kind of message waited and took
  diff      print where two traces first differ in what was done, whatever the time, which requests were answered
            differently, and how long messages took in both; exit status 0: the same, 1: different, 2: trouble
  export    print it as JSON (Trace Event Format) that ui.perfetto.dev and Chromium's trace viewer open

  --actor INODE                       show: only the directory with this inode number (ls -di)
  --path PATH                         show: only what is about this path, as it is below the mountpoint
  --message KIND                      show: only records of this kind, by the name that show prints
  --from SECONDS, --until SECONDS     show: only this part, in seconds since the mount began
  --request N                         show: all that came of the kernel's request N, and its answer, indented
  --perfetto                          export: in the format of ui.perfetto.dev, the only one so far
  --redact                            replace names of files and folders by hashes (inode numbers and object ids stay:
                                      who has the repository can tell the names from these)
)";

/// Reads the arguments behind "trace". Errors as of parse_command_line.
result<invocation> parse_trace(std::span<const char* const> arguments);

} // namespace gitfs
