// Runs the programs that tests compare with: git, tar, find, …
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace gitfs::test {

struct command_result {
  int status = -1;    ///< exit status; 128 + signal if killed
  std::string output; ///< standard output and standard error, as they came
};

/// Runs `script` with `bash -c` in `cwd` and waits for it. git runs with a fixed identity and without the user's
/// config.
command_result run(const std::string& script, const std::filesystem::path& cwd = ".");

/// The same, but throws with the output if the exit status is not 0. Gives the output without its last newline.
std::string must_run(const std::string& script, const std::filesystem::path& cwd = ".");

/// A shell command that runs `script` as root: by sudo where the tests are not root themselves, and then it fails if
/// sudo would ask for a password.
std::string as_root(const std::string& script);

/// Whether `part` stands in `text`.
inline bool holds(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

} // namespace gitfs::test
