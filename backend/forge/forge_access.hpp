// Access to a forge's REST API with the right token for each owner.
#pragma once

#include "backend/http/credentials.hpp"
#include "backend/http/rest_client.hpp"
#include "config/deployment.hpp"
#include "config/error.hpp"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <stop_token>
#include <string>

namespace gitfs {

/// Reads a secret from the place where it is kept. Empty if the place names neither a variable nor a file.
using secret_reader = std::function<result<std::string>(const secret_place&)>;

/// Reads the token of `service`, as messages name it, at `place`. EACCES: it cannot be read. Any reason is EACCES,
/// because the ENOENT of a missing file would look like an answer of the forge.
result<std::string> read_token(const secret_reader& read, const secret_place& place, const std::string& service);

/// The tokens for owners. For an owner without a token, git's credential helpers are asked once the forge asks for
/// one.
struct forge_tokens {
  secret_place general;
  std::map<std::string, secret_place> by_owner; ///< these come before `general`; the case of names does not count
  secret_reader read;
  std::string username{}; ///< what goes with them in git over HTTP; empty: as the forge likes it
};

/// What becomes of a request over a rate limit that is over before requests have to end.
enum class on_rate_limit : std::uint8_t {
  waits,
  fails, ///< with EAGAIN: there is another way, and it is open now
};

/// Thread-safe.
class forge_access {
public:
  /// `url`: the forge as git's credential helpers know it. `known`: the credential in the configured URL.
  /// `password_now` (may be null) reads the password of that credential anew when the forge refuses it.
  forge_access(const std::string& url, rest_options options, forge_tokens tokens, credential known = {},
               std::function<result<std::string>()> password_now = nullptr);

  /// Returns the answer of `ask`, which is called with the token for `owner`. Without a configured token it is called
  /// with none first. If the forge then hides something or limits the rate, it is called again with the token that
  /// git's credential helpers have.
  template <class Answer>
  result<Answer> as(const std::string& owner, std::stop_token stop,
                    const std::function<result<Answer>(const std::string& token)>& ask,
                    on_rate_limit limited = on_rate_limit::waits);

  result<rest_answer> get(const std::string& owner, const std::string& path, std::stop_token stop,
                          on_rate_limit limited = on_rate_limit::waits);
  /// The same for an answer that must be a JSON object. EIO: it is none.
  result<rest_answer> get_object(const std::string& owner, const std::string& path, std::stop_token stop,
                                 on_rate_limit limited = on_rate_limit::waits);

  /// The credential for git, which is `username` with the token for `owner`. Empty: there is no token, so git over HTTP
  /// looks for a credential in its own way.
  result<credential> login(const std::string& owner, const std::string& username) const;

  /// True if there is no token for `owner`, and git's credential helpers have none either.
  bool without_token(const std::string& owner) const;

  /// True if the token for `owner` is read anew when the forge refuses it, because it may have been replaced.
  bool may_change(const std::string& owner) const { return password_is_kept_ || place_of(owner) != nullptr; }

  rest_client& api() { return api_; }
  const rest_client& api() const { return api_; }

private:
  /// `token`: becomes the one that was used last.
  template <class Answer>
  result<Answer> as_now(const std::string& owner, const std::stop_token& stop,
                        const std::function<result<Answer>(const std::string& token)>& ask, std::string& token);
  const secret_place* place_of(const std::string& owner) const;
  /// True: the helpers have given another credential.
  bool renew(const authenticator::ticket& refused, const error& why, const std::stop_token& stop);

  const std::string url_;
  const forge_tokens tokens_;
  const std::chrono::milliseconds patience_;
  const bool password_is_kept_;
  authenticator helpers_;
  std::atomic<std::chrono::steady_clock::time_point> none_until_{}; ///< until then the helpers are not asked again
  rest_client api_;
};

template <class Answer>
result<Answer> forge_access::as(const std::string& owner, std::stop_token stop,
                                const std::function<result<Answer>(const std::string& token)>& ask,
                                on_rate_limit limited) {
  const auto deadline = std::chrono::steady_clock::now() + patience_;
  for (;;) {
    std::string token;
    result<Answer> out = as_now(owner, stop, ask, token);
    if (out || out.error().code != EAGAIN || limited == on_rate_limit::fails)
      return out;
    GITFS_TRY(over, api_.await_limit(token, stop, deadline));
    if (!over)
      return out;
  }
}

template <class Answer>
result<Answer> forge_access::as_now(const std::string& owner, const std::stop_token& stop,
                                    const std::function<result<Answer>(const std::string& token)>& ask,
                                    std::string& token) {
  if (const secret_place* place = place_of(owner)) {
    GITFS_TRY(now, read_token(tokens_.read, *place, api_.display())); // each time: it may have been replaced
    token = std::move(now);
    return ask(token);
  }
  const auto first = helpers_.current(url_);
  token = first.used.password;
  result<Answer> out = ask(token);
  if (out)
    helpers_.accepted(url_, first);
  if (out || !renew(first, out.error(), stop))
    return out;
  const auto second = helpers_.current(url_);
  token = second.used.password;
  result<Answer> again = ask(token);
  if (again)
    helpers_.accepted(url_, second);
  return again;
}

} // namespace gitfs
