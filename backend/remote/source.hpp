// The SOURCE argument of the command line: a repository on this disk, or one behind a URL.
#pragma once

#include "backend/http/http_settings.hpp"
#include "config/error.hpp"

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace gitfs {

struct source {
  enum class kind_type { local, remote };

  kind_type kind = kind_type::local;
  /// An absolute path, or an http(s) URL without credentials, query, fragment or trailing slashes; scheme and host in
  /// lower case and no default port, so that two spellings of one repository compare equal.
  std::string location;
  /// The URL's userinfo, percent-decoded. Secret: not for logs, messages or argv.
  std::string username, password;
  /// Reads the password anew from where it is kept, because a token may be replaced while the mount runs. Null: the
  /// password is kept nowhere.
  std::function<result<std::string>()> password_now{};
  std::filesystem::path profile{}; ///< of what jobs read of it; empty: none
  /// Safe to log and show.
  std::string display;
  http_settings http{};                ///< the settings for `location` in git's configuration
  std::vector<std::string> warnings{}; ///< what users should know of these settings; each begins with `display`
};

/// An existing path or a file:// URL is local, an http:// or https:// URL remote, once url.BASE.insteadOf of git's
/// configuration has rewritten it. Where that would make a URL that git alone can use (ssh), an http(s) URL stays what
/// it is. ENOENT, EINVAL or ENOTSUP (ssh, git protocol) with a message that says what to give instead; never repeats a
/// password.
result<source> parse_source(const std::string& argument, const git_settings& git);
/// The same, with git's configuration read now.
result<source> parse_source(const std::string& argument);

} // namespace gitfs
