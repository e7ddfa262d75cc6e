// How requests to one URL are made by git's own configuration: proxy, certificates, headers, cookies.
#pragma once

#include "backend/git_config/git_settings.hpp"
#include "backend/http/tls_trust.hpp"
#include "config/error.hpp"

#include <optional>
#include <string>
#include <vector>

namespace gitfs {

/// Connections take these settings from git's configuration for requests of every kind.
struct transport_settings {
  tls_trust trust = tls_trust::of_environment();
  std::optional<std::string> proxy; ///< in place of the environment's; empty: no proxy; secret
};

struct http_settings {
  transport_settings transport;
  std::optional<std::string> cookie_file; ///< cookies for requests to git servers
  std::vector<std::string> headers;       ///< "Name: value", for git servers; secret
  std::string unverified_by;              ///< who turned verification off, for people; empty: nobody did

  /// What `all` says about `url`, by the rules of `git config --get-urlmatch`. GIT_SSL_CAINFO, GIT_SSL_CAPATH,
  /// GIT_SSL_CERT and GIT_SSL_KEY count before the configuration, as for git. EINVAL: a value is malformed; the message
  /// names the setting and where it stands.
  static result<http_settings> of(const git_settings& all, const std::string& url);
};

/// Reads git's configuration and takes the settings of connections to `url` from it.
result<transport_settings> transport_of(const std::string& url);

/// A setting of git's configuration that is in effect, for people.
struct shown_git_setting {
  std::string name;  ///< "http.sslCAInfo"
  std::string value; ///< without secrets
  std::string origin;
};
/// What http_settings::of takes from `all`, and which setting rewrites `url`.
std::vector<shown_git_setting> shown_git_settings(const git_settings& all, const std::string& url);

} // namespace gitfs
