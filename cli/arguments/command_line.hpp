// Reads the command line: from main's argv to the plain data of options.hpp.
#pragma once

#include "config/options.hpp"

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace gitfs {

/// For `--help` and `--version`: print `text` on standard output, and exit with 0.
struct print {
  std::string text;
};

/// `gitfs-actor status`.
struct status_options {
  std::filesystem::path mountpoint; ///< absolute and normal; empty: all mounts of this user
  bool json = false;
  bool verbose = false;   ///< also print by which server ways the servers are asked
  bool exit_code = false; ///< exit with 1 if anything has failed
  /// Wait at most so long until the mount is there and nothing of it has failed.
  std::optional<std::chrono::milliseconds> wait;
};

struct invocation {
  std::variant<mount_options, unmount_options, stats_options, top_options, cache_options, config_options, trace_options,
               replay_options, why_options, prefetch_options, profile_options, refresh_options, status_options, print>
      action;
  std::vector<std::string> warnings{}; ///< sentences to print on standard error before the action
};

/// Reads main's argv, which begins with the program's name. If an option is given twice, the last value counts; the
/// words of several `-o` add up. An error has the code EINVAL and one line for standard error, which names the nearest
/// known spelling and never a credential.
result<invocation> parse_command_line(std::span<const char* const> argv);

/// Overwrites secrets in argv itself, so that ps does not show them: `user:password` in every URL, and whatever may be
/// a key for a collector. Call it after parsing.
void scrub_arguments(int argc, char** argv);

} // namespace gitfs
