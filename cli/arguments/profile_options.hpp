// Reads the command line of `gitfs-actor profile`.
#pragma once

#include "cli/arguments/command_line.hpp"

#include <span>
#include <string_view>

namespace gitfs {

inline constexpr std::string_view profile_help =
    R"(Usage: gitfs-actor profile record [options] FOLDER
       gitfs-actor profile show FILE
       gitfs-actor profile merge [options] FILE...

A profile says what a job reads of a repository, in which order. With mount --profile FILE all of that is fetched in a
handful of requests, ahead of the job: also of another commit, and on another machine. It is a text that holds paths,
sizes as powers of two and names of programs, no contents and nobody's name.

record prints what was read below FOLDER, which is in a mount, in the run that goes on or was the last. A run ends when
nobody has read for 60 seconds. Only the mount's owner and root may ask.
show prints what a profile holds, for people: how many files and bytes, by which programs, and what comes first.
merge prints one profile of all that several name.

  --output FILE                       write it to FILE, in place of what is there (record, merge)
)";

/// EINVAL: what is wrong.
result<invocation> parse_profile_command(std::span<const char* const> arguments);

} // namespace gitfs
