// git's own configuration, as a `git clone` outside of any repository reads it.
#pragma once

#include "config/error.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gitfs {

struct git_setting {
  /// As `git config --list` prints it: section and variable are in lower case, what stands between them is as written.
  std::string key;
  std::optional<std::string> value; ///< none: it stands without a "=", which means true
  std::string origin;               ///< the file, or the variable that holds the value: for people

  std::string_view section() const;    ///< "http" of "http.https://example.org/.proxy"
  std::string_view subsection() const; ///< "https://example.org/" of that; empty: there is none
  std::string_view variable() const;   ///< "proxy" of that
};

class git_settings {
public:
  git_settings() = default;
  explicit git_settings(std::vector<git_setting> all) : all_(std::move(all)) {}

  /// Reads the system's file, the user's files and the variables GIT_CONFIG_COUNT, GIT_CONFIG_KEY_n and
  /// GIT_CONFIG_VALUE_n, with the files that these include. GIT_CONFIG_SYSTEM, GIT_CONFIG_GLOBAL and
  /// GIT_CONFIG_NOSYSTEM count as for git. A file that is not there, or a user's file that may not be read, is none.
  /// EINVAL: a file or variable is malformed, or a file cannot be read; the message names it.
  static result<git_settings> read();

  /// In the order in which git reads them. Where one value is wanted, the last one counts.
  std::span<const git_setting> all() const { return all_; }

private:
  std::vector<git_setting> all_;
};

/// Reads a value as git reads a boolean. None: it is none.
std::optional<bool> git_boolean(const std::optional<std::string>& value);

/// A path as git expands it: `~/` is $HOME, `~NAME/` the home folder of that user. A relative one is made absolute, so
/// that it stays what it is when the process changes its folder.
std::string git_path(const std::string& path);

} // namespace gitfs
