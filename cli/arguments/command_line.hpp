// The command line: from main's argv to the plain data of options.hpp.
#pragma once

#include "config/options.hpp"

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace gitfs {

/// `--help` and `--version`: print `text` on standard output and exit with 0.
struct print {
  std::string text;
};

/// `gitfs-actor status`.
struct status_options {
  std::filesystem::path mountpoint; ///< absolute and normal; empty: all mounts of this user
  bool json = false;
  bool verbose = false;                          ///< also how the servers are asked
  bool exit_code = false;                        ///< 1 if anything has failed
  std::optional<std::chrono::milliseconds> wait; ///< so long for the mount to be there, with nothing that has failed
};

struct invocation {
  std::variant<mount_options, unmount_options, stats_options, top_options, cache_options, config_options, trace_options,
               replay_options, why_options, prefetch_options, profile_options, refresh_options, status_options, print>
      action;
  std::vector<std::string> warnings{}; ///< sentences for standard error, before the action
};

/// Takes main's argv (with the program's name). An option given twice: the last one counts; `-o` adds up. An error has
/// the code EINVAL and one line for standard error, which names the nearest known spelling and never a credential.
result<invocation> parse_command_line(std::span<const char* const> argv);

/// Overwrites `user:password` in every URL of argv, and what may be a key for a collector, in place, so that ps does
/// not show it. Call after parsing.
void scrub_arguments(int argc, char** argv);

} // namespace gitfs
