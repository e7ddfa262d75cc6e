// Who we are to a server: the URL's userinfo, the user's .netrc (libcurl reads it), git's credential helpers.
#pragma once

#include "backend/http/http_client.hpp"
#include "config/error.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

namespace gitfs {

/// A secret: not for logs, messages or argv.
struct credential {
  std::string username, password;
  bool empty() const { return username.empty() && password.empty(); }
};

/// Runs `git credential <action>` (git-credential): it never asks on a terminal. Blocks.
class credential_helper {
public:
  /// EACCES: no helper knows; `about` is then said of the server, too. ECANCELED, ETIMEDOUT: the helper was killed.
  result<credential> fill(const std::string& url, const std::string& username, const std::string& about,
                          std::stop_token stop, std::chrono::steady_clock::time_point deadline) const;
  /// Tells the helpers whether a credential of theirs worked, so that they keep or forget it.
  void approve(const std::string& url, const credential& used) const;
  void reject(const std::string& url, const credential& used) const;
};

/// The credential in use for one upstream. Thread-safe; of many requests that were refused together only one asks the
/// helpers. A credential is given only for the origin (scheme, host, port) that it belongs to.
class authenticator {
public:
  /// `from_url` belongs to `url`'s origin; it is used from the first request on. `password_now` (may be null) gives its
  /// password anew when it is refused.
  authenticator(const std::string& url, credential from_url,
                std::function<result<std::string>()> password_now = nullptr);

  struct ticket {
    credential used;
    auth_scheme scheme = auth_scheme::basic; ///< how `used` is sent
    unsigned generation = 0;                 ///< of the knowledge that `used` came from
  };

  /// What to send to `url`; empty if nothing is known (yet).
  ticket current(const std::string& url) const;

  /// `url` answered 401 to `ticket_refused`, and asked for one of `challenge` (empty: for Basic). Success: `current`
  /// has something new to try. EACCES: nothing is left to try; the message says what to do. ECANCELED, ETIMEDOUT.
  result<void> renew(const std::string& url, const ticket& ticket_refused, const http_challenge& challenge,
                     std::stop_token stop, std::chrono::steady_clock::time_point deadline);

  /// A request to `url` with `used` was served.
  void accepted(const std::string& url, const ticket& used);

private:
  enum class origin_of_credential { url, helper };

  std::optional<auth_scheme> other_scheme(const http_challenge& challenge, const ticket& refused);

  const std::function<result<std::string>()> password_now_;
  credential_helper helper_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::string origin_;
  credential credential_;
  origin_of_credential from_ = origin_of_credential::url;
  auth_scheme scheme_ = auth_scheme::basic; ///< that the server at `origin_` wants
  bool without_ticket_ = false;             ///< Negotiate was refused
  unsigned generation_ = 0;
  bool approved_ = false;
  bool asking_ = false;
};

} // namespace gitfs
