// The texts that `--help` prints. The text of `mount` is made from the tables that its parser uses.
#pragma once

#include <string>
#include <string_view>

namespace gitfs {

std::string mount_help();

inline constexpr std::string_view general_help = R"(Usage: gitfs-actor COMMAND ...

Shows git repositories as read-only folders, without cloning them.

Commands:
  mount [options] SOURCE MOUNTPOINT   show the repository SOURCE at MOUNTPOINT
  mount --config FILE [options]       show the repositories and hosts that FILE names
  unmount MOUNTPOINT...               end mounts
  refresh MOUNTPOINT [PATH]           look now at the refs that a mount follows
  status [--json] [MOUNTPOINT]        print what is shown where, and how it stands
  stats [--json] MOUNTPOINT           print what a mount has done so far
  top [options] MOUNTPOINT            watch what a mount is doing right now
  cache info|gc|verify [options]      show, shrink or check what is kept on disk
  config check|show                   check a config file, or show what is in effect and why
  trace dump|show|stats|diff|export   what a mount's actors have done, message by message
  replay [options] FILE               let them do it again
  why [--trace FILE] PATH             what has caused a file in a mount to be fetched
  prefetch [options] PATH|GLOB...     fetch files and folders of a mount now
  profile record|show|merge           what a job reads, so that the next one gets it ahead

Options:
  -h, --help                          print this text; after a command: its own help
  -V, --version                       print the version
)";

inline constexpr std::string_view why_help = R"(Usage: gitfs-actor why [--trace FILE]... PATH

Tells what has brought the contents of PATH, a file or folder in a mount, to this machine: from the request of the kernel,
or the decision to look ahead of a reader, to their arrival, with what else came in the same transfer. It asks the mount
for what it keeps of its messages (--trace-memory); only its owner and root may.

  --trace FILE                        look in this trace too (mount --trace); may be given several times
)";

inline constexpr std::string_view refresh_help = R"(Usage: gitfs-actor refresh MOUNTPOINT [PATH]

Asks the servers now which commits the refs are at that the mount at MOUNTPOINT follows (mount --follow, "follow" in a
config file), or the one that PATH is in, and returns when the mount shows them. Prints what each has moved to. Only the
mount's owner and root may ask. The exit status is 1 if anything could not be looked at.
)";

inline constexpr std::string_view unmount_help = R"(Usage: gitfs-actor unmount [options] MOUNTPOINT...
       gitfs-actor unmount [options] --all

Ends the mount at each MOUNTPOINT, or where that is a symbolic link to, and returns when its process is gone. Where the
same mount also stands at another path, only MOUNTPOINT is unmounted. A container that was started meanwhile may hold a
copy of the mount: then MOUNTPOINT is unmounted, the holder is named, and the exit status is 1.

  --all                               all mounts of yours, those within others first
  --force                             also while it is in use: end its process, and with it all copies; what is open
                                      in them gives errors from then on
)";

inline constexpr std::string_view top_help = R"(Usage: gitfs-actor top [options] MOUNTPOINT

Shows what the mount at MOUNTPOINT is doing right now: kernel requests by kind with their rate and how long they took
since the last look, upstream requests on their way and who waits for them, and the readers that it looks ahead of. Only
the mount's owner and root may ask. Without a terminal it prints plain frames.

  --interval SECONDS                  look so often (default: 1)
  --once                              print one frame, after one interval, and exit
  --batch                             print plain frames until it is ended

Keys: q quit; b, l, n sort by what is busiest, what takes longest, the name; / filter by a part of a path or kind
(Enter keeps it, Esc takes it away); w only what somebody waits for; + and - the interval; space look now.
)";

inline constexpr std::string_view status_help = R"(Usage: gitfs-actor status [options] [MOUNTPOINT]

Prints what the mount at MOUNTPOINT shows, or every mount of yours: its config file or repository, and of each entry the
path, ref and commit, whether it is open (nothing is opened before somebody enters it) or has failed, when and why, and
how its ref is followed; the cache folder with its size and quota; memory. Of every mount, on a terminal, a line each. A
mount whose process has died is listed as such. It asks no server. Only the mount's owner and root may ask.

  --json                              as a JSON array
  --verbose                           all lines, and which ways of asking each git server takes, as far as that was
                                      learned
  --exit-code                         the exit status is 1 if an entry has failed, or the process of a mount has died
  --wait TIME                         wait up to TIME until MOUNTPOINT is there and no entry of it has failed; if that does
                                      not happen, the exit status is 1
)";

inline constexpr std::string_view stats_help = R"(Usage: gitfs-actor stats [--json] MOUNTPOINT

Prints the counters of the mount at MOUNTPOINT: kernel requests by kind and how long they took, directory actors, upstream
requests and bytes, bytes in memory. K, M, G and T are powers of 1024.

  --json                              as a JSON object, in whole numbers of bytes and nanoseconds
)";

} // namespace gitfs
