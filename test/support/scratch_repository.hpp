// A small repository that a test makes and changes.
#pragma once

#include "test/support/temp_dir.hpp"

#include <filesystem>
#include <string>

namespace gitfs::test {

/// A working tree and the bare repository `name` that it is pushed to, alone in a folder that git_server can serve.
class scratch_repository {
public:
  /// Runs `script` in the working tree and commits what it leaves there.
  explicit scratch_repository(const std::string& script, std::string name = "scratch.git");

  /// The same again, on the same branch.
  void commit(const std::string& script);
  /// Runs `script` in the working tree and gives its output: "git rev-parse HEAD".
  std::string in_work(const std::string& script) const;
  /// Pushes every branch and tag, and packs, as servers do.
  void push() const;

  std::filesystem::path root() const { return dir_ / "root"; }
  std::filesystem::path bare() const { return root() / name_; }
  std::filesystem::path work() const { return dir_ / "work"; }

private:
  temp_dir dir_;
  std::string name_;
};

} // namespace gitfs::test
