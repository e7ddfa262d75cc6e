// How git finds the settings of one URL, as `git config --get-urlmatch` does.
#pragma once

#include "backend/git_config/git_settings.hpp"

#include <compare>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gitfs {

/// A URL in the form in which git compares it: scheme and host in lower case, no default port, each percent code that
/// need not be one decoded, and no "." or ".." in the path.
struct normal_url {
  std::string scheme;
  std::optional<std::string> user;
  std::string host, port;
  std::string path; ///< begins with "/"; with query and fragment, if there are any

  /// None: git takes it for no URL. `pattern`: a "*" may stand for a part of the host's name.
  static std::optional<normal_url> parse(std::string_view url, bool pattern = false);
};

/// How closely a URL of the configuration fits: the greater one is preferred. All zero: a setting without a URL.
struct url_fit {
  std::size_t host = 0, path = 0;
  bool user = false;
  auto operator<=>(const url_fit&) const = default;
};

/// None: `pattern` is not for `url`.
std::optional<url_fit> fit(const normal_url& pattern, const normal_url& url);

/// The settings of `section` ("http") that count for `url`, in the order in which git takes them. Of one variable the
/// last one counts; of a variable with several values all do. If `url` is none that git understands, these are the
/// settings without a URL.
std::vector<const git_setting*> settings_of(const git_settings& all, std::string_view section, std::string_view url);

/// What `url.BASE.insteadOf` makes of a URL.
struct rewritten_url {
  std::string url;
  const git_setting* by;
};
/// None: the URL stays what it is.
std::optional<rewritten_url> rewritten(const git_settings& all, std::string_view url);

} // namespace gitfs
