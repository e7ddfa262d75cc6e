// Credentials for servers: from the URL, from the user's .netrc (libcurl reads it), from git's credential helpers.
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

/// A user name and password. Secret: it must not get into logs, messages or argv.
struct credential {
  std::string username, password;
  bool empty() const { return username.empty() && password.empty(); }
};

/// Runs `git credential <action>` (git-credential): it never asks on a terminal. Blocks.
class credential_helper {
public:
  /// Asks the helpers for a credential. EACCES: no helper has one; the message then contains `about`, which says
  /// something about the server. ECANCELED, ETIMEDOUT: the helper was killed.
  result<credential> fill(const std::string& url, const std::string& username, const std::string& about,
                          std::stop_token stop, std::chrono::steady_clock::time_point deadline) const;
  /// Tell the helpers that a credential of theirs worked, or did not, so that they keep or forget it.
  void approve(const std::string& url, const credential& used) const;
  void reject(const std::string& url, const credential& used) const;
};

/// The credential in use for one upstream. Thread-safe. Of many requests that were refused together only one asks for
/// another, without the lock, and the others wait for that one until their own deadlines. A credential is used only for
/// the origin (scheme, host, port) that it belongs to.
class authenticator {
public:
  /// `from_url` belongs to `url`'s origin, and is used from the first request on. `password_now` (may be null) reads
  /// its password anew when the server refuses it. It may block, and is called by one thread at a time.
  authenticator(const std::string& url, credential from_url,
                std::function<result<std::string>()> password_now = nullptr);

  struct ticket {
    credential used;
    auth_scheme scheme = auth_scheme::basic; ///< how `used` is sent
    unsigned generation = 0;                 ///< grows whenever the credential in use changes
  };

  /// What to send to `url`; empty if no credential is known yet.
  ticket current(const std::string& url) const;

  /// `url` has answered 401 to `ticket_refused`, and offers the schemes in `challenge` (empty: Basic). Success:
  /// `current` has something new to try. EACCES: nothing is left to try; the message says what to do. ECANCELED,
  /// ETIMEDOUT.
  result<void> renew(const std::string& url, const ticket& ticket_refused, const http_challenge& challenge,
                     std::stop_token stop, std::chrono::steady_clock::time_point deadline);

  /// A request to `url` with `used` has succeeded.
  void accepted(const std::string& url, const ticket& used);

private:
  enum class origin_of_credential { url, helper };

  std::optional<auth_scheme> other_scheme(const http_challenge& challenge, const ticket& refused);
  result<credential> read_again(const std::string& url, const credential& used, const http_challenge& challenge) const;
  result<credential> ask_helpers(const std::string& url, const credential& used, const http_challenge& challenge,
                                 std::stop_token stop, std::chrono::steady_clock::time_point deadline) const;

  const std::function<result<std::string>()> password_now_;
  credential_helper helper_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::string origin_;
  credential credential_;
  origin_of_credential from_ = origin_of_credential::url;
  auth_scheme scheme_ = auth_scheme::basic; ///< the scheme that the server at `origin_` wants
  bool without_ticket_ = false;             ///< Negotiate was refused, so the user has no ticket
  unsigned generation_ = 0;
  bool approved_ = false;
  bool asking_ = false;
};

} // namespace gitfs
