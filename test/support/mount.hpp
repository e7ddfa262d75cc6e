// A real mount by the real program, which ends with its object.
#pragma once

#include "test/support/temp_dir.hpp"

#include <filesystem>
#include <string>
#include <sys/types.h>
#include <vector>

namespace gitfs::test {

/// What a mount is made with. `cache_dir` or `mountpoint` empty: one of its own, which ends with it.
struct mount_plan {
  std::string source{};
  std::vector<std::string> options{}; ///< further arguments, unquoted: {"--ref", "v6.1"}
  std::filesystem::path cache_dir{};
  std::string config{}; ///< in place of `source`: the text of a config file
  std::filesystem::path mountpoint{};
};

class mount {
public:
  /// Runs `$GITFS_BINARY mount` in the background and returns when it has. Throws with its output if it fails, or if
  /// nothing is mounted afterwards.
  explicit mount(mount_plan plan);
  explicit mount(std::string source, std::vector<std::string> options = {});
  /// Unmounts. A mount or a process that cannot be ended fails the test run: it aborts.
  ~mount();
  mount(const mount&) = delete;
  mount& operator=(const mount&) = delete;

  const std::filesystem::path& path() const { return mountpoint_; }
  std::filesystem::path operator/(const std::string& name) const { return mountpoint_ / name; }
  const std::filesystem::path& cache_dir() const { return cache_dir_; }
  /// Of a plan with a config: for SIGHUP, another one can be written there.
  std::filesystem::path config_file() const { return dir_ / "config.json"; }

  /// The process that serves the mount.
  pid_t pid() const { return pid_; }
  /// Its resident memory in bytes.
  std::size_t resident() const;
  /// A counter as `$GITFS_BINARY stats` prints it. Throws if there is none of that name.
  std::uint64_t counter(const std::string& name) const;
  /// What it has logged so far.
  std::string log() const;

  /// `$GITFS_BINARY unmount`, again for a while if the mount is busy; returns when its process is gone. Throws if that
  /// does not happen.
  void unmount();
  /// For a test that has ended it by other means: returns when its process is gone. Throws if that does not happen, or
  /// if something is still mounted then.
  void expect_end();
  /// SIGKILL, as a crash; then takes the dead mount away.
  void kill();
  /// The same, and the dead mount stays.
  void crash();

private:
  void wait_for_exit() const;

  temp_dir dir_;
  std::filesystem::path mountpoint_;
  std::filesystem::path cache_dir_;
  std::filesystem::path log_file_;
  pid_t pid_ = 0;
  bool mounted_ = false;
};

/// Runs `$GITFS_BINARY` with these arguments and waits: for command lines that are meant to fail.
struct program_result {
  int status = -1;
  std::string output;
};
program_result run_program(const std::vector<std::string>& arguments);

/// Whether $GITFS_BINARY is a sanitizer's build (ctest sets GITFS_SANITIZED then): it is some ten times slower, keeps
/// what was freed, and reports what would have been a crash.
bool sanitized();

/// A line of shell for a mount namespace that was just made: it takes away its copies of the mounts of other tests,
/// which would go on as long as it does. `kept`: but this one.
std::string without_mounts_of_others(const std::filesystem::path& kept = {});

/// Whether something is mounted at `path`.
bool is_mounted(const std::filesystem::path& path);

/// `text` as one word for the shell.
std::string shell_quoted(const std::string& text);

} // namespace gitfs::test
