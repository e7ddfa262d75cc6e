#include "backend/http/credentials.hpp"

#include "backend/os/child_process.hpp"
#include "backend/os/text.hpp"
#include "backend/os/url.hpp"
#include "config/log.hpp"

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>
#include <vector>

namespace gitfs {

namespace {

std::string origin_of(const std::string& url) {
  auto parsed = parse_url(url);
  return parsed ? parsed.value().origin() : std::string{};
}

std::string host_of(const std::string& url) {
  auto parsed = parse_url(url);
  return parsed ? parsed.value().authority() : std::string{"the server"};
}

/// The key=value lines that git-credential reads.
std::string describe(const std::string& url, const credential& known) {
  auto parsed = parse_url(url);
  if (!parsed)
    return {};
  const url_parts& parts = parsed.value();
  std::string out = "protocol=" + parts.scheme + "\nhost=" + parts.authority() + "\n";
  if (parts.path.size() > 1)
    out += "path=" + parts.path.substr(1) + "\n";
  if (!known.username.empty())
    out += "username=" + known.username + "\n";
  if (!known.password.empty())
    out += "password=" + known.password + "\n";
  return out + "\n";
}

result<std::string> git_credential(const char* action, const std::string& input, std::stop_token stop,
                                   std::chrono::steady_clock::time_point deadline) {
  return run_child({"git", "credential", action}, {"GIT_TERMINAL_PROMPT=0"}, input, std::move(stop), deadline);
}

void tell_helpers(const char* action, const std::string& url, const credential& used) {
  constexpr auto patience = std::chrono::seconds{10};
  const auto done = git_credential(action, describe(url, used), {}, std::chrono::steady_clock::now() + patience);
  if (!done)
    log::debug("git credential {} for {}: {}", action, host_of(url), done.error().message);
}

credential parse_answer(std::string_view text) {
  credential out;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    constexpr std::string_view username = "username=", password = "password=";
    if (line.starts_with(username))
      out.username = line.substr(username.size());
    else if (line.starts_with(password))
      out.password = line.substr(password.size());
  }
  return out;
}

auto refused(const std::string& url, const std::string& what) {
  return fail(EACCES, host_of(url) + ": " + what
                          + "; put working credentials into ~/.netrc, set up a git credential helper (git help "
                            "credentials), or put USER:TOKEN@ before the host name in the URL");
}

/// The part of a message about the schemes that the server offers, which may be why nothing worked.
std::string about(const http_challenge& challenge) {
  std::string names;
  for (const std::string& each : challenge.schemes)
    names += (names.empty() ? "" : ", ") + printable(each);
  if (!challenge.schemes.empty() && challenge.offered.empty())
    return " (it asks for the authentication scheme " + names + ", which is not supported)";
  if (challenge.offered == std::vector{auth_scheme::negotiate})
    return " (it asks for a Kerberos ticket: run kinit)";
  return {};
}

bool offers(const http_challenge& challenge, auth_scheme scheme) {
  return std::ranges::find(challenge.offered, scheme) != challenge.offered.end();
}

} // namespace

result<credential> credential_helper::fill(const std::string& url, const std::string& username,
                                           const std::string& about, std::stop_token stop,
                                           std::chrono::steady_clock::time_point deadline) const {
  auto answer = git_credential("fill", describe(url, {username, {}}), std::move(stop), deadline);
  if (!answer && answer.error().code != EIO)
    return fail(answer.error().code, host_of(url) + ": asking git's credential helpers: " + answer.error().message);
  credential out = answer ? parse_answer(answer.value()) : credential{};
  if (out.password.empty())
    return refused(url, "the server asks for credentials, and git's credential helpers have none" + about);
  return out;
}

void credential_helper::approve(const std::string& url, const credential& used) const {
  tell_helpers("approve", url, used);
}

void credential_helper::reject(const std::string& url, const credential& used) const {
  tell_helpers("reject", url, used);
}

authenticator::authenticator(const std::string& url, credential from_url,
                             std::function<result<std::string>()> password_now)
  : password_now_(std::move(password_now)),
    origin_(origin_of(url)),
    credential_(std::move(from_url)) {}

authenticator::ticket authenticator::current(const std::string& url) const {
  const std::lock_guard lock{mutex_};
  if (origin_of(url) != origin_)
    return {{}, auth_scheme::basic, generation_};
  return {credential_, scheme_, generation_};
}

/// The scheme to try next. Basic is sent before a server asks, because nearly all servers want it, and any other scheme
/// takes one more round trip. If a server does not offer Basic, the strongest scheme that libcurl supports is tried.
std::optional<auth_scheme> authenticator::other_scheme(const http_challenge& challenge, const ticket& ticket_refused) {
  if (ticket_refused.scheme == auth_scheme::negotiate)
    without_ticket_ = true;
  const auto usable = [&](auth_scheme scheme) {
    return offers(challenge, scheme) && (scheme != auth_scheme::negotiate || !without_ticket_);
  };
  if (usable(auth_scheme::negotiate) && ticket_refused.used.password.empty())
    return auth_scheme::negotiate;
  for (const auth_scheme scheme : {auth_scheme::basic, auth_scheme::digest, auth_scheme::ntlm, auth_scheme::negotiate})
    if (usable(scheme))
      return scheme == ticket_refused.scheme ? std::nullopt : std::optional{scheme};
  return std::nullopt;
}

/// What was configured, as it is now.
result<credential> authenticator::read_again(const std::string& url, const credential& used,
                                             const http_challenge& challenge) const {
  auto now = password_now_ ? password_now_() : result<std::string>{used.password};
  if (!now)
    return fail(EACCES,
                host_of(url) + ": the server refuses the token, and it cannot be read again: " + now.error().message);
  if (now.value() == used.password)
    return refused(url, (password_now_ ? "the server refuses the configured token"
                                       : "the server refuses the user name and password of the URL")
                            + about(challenge));
  return credential{used.username, std::move(now.value())};
}

result<credential> authenticator::ask_helpers(const std::string& url, const credential& used,
                                              const http_challenge& challenge, std::stop_token stop,
                                              std::chrono::steady_clock::time_point deadline) const {
  if (!used.password.empty())
    helper_.reject(url, used);
  // also after a rejection: a token may have been replaced since, in a mount that lives for days
  auto found = helper_.fill(url, used.password.empty() ? used.username : std::string{}, about(challenge),
                            std::move(stop), deadline);
  if (found && found.value().username == used.username && found.value().password == used.password)
    return refused(url, "the server refuses what git's credential helpers give" + about(challenge));
  return found;
}

result<void> authenticator::renew(const std::string& url, const ticket& ticket_refused, const http_challenge& challenge,
                                  std::stop_token stop, std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock{mutex_};
  while (asking_ && generation_ == ticket_refused.generation) {
    if (!changed_.wait_until(lock, stop, deadline, [this] { return !asking_; }))
      return stop.stop_requested()
                 ? fail(ECANCELED, "the request was cancelled")
                 : fail(ETIMEDOUT,
                        host_of(url) + ": who was asked for credentials did not answer within the time limit");
  }
  if (generation_ != ticket_refused.generation)
    return success();
  const credential& used = ticket_refused.used;
  if (credential_.empty())
    origin_ = origin_of(url);
  const auto other = other_scheme(challenge, ticket_refused);
  if (other && origin_of(url) == origin_) {
    scheme_ = *other;
    // without a ticket and a password another scheme has nothing to send
    if (ticket_refused.scheme != auth_scheme::negotiate || !used.empty()) {
      ++generation_;
      return success();
    }
  }
  const bool is_configured = !used.password.empty() && from_ == origin_of_credential::url;
  asking_ = true;
  lock.unlock();
  result<credential> found = fail(ECANCELED, "the request was cancelled");
  try {
    found = is_configured ? read_again(url, used, challenge) : ask_helpers(url, used, challenge, stop, deadline);
  } catch (...) {
    lock.lock();
    asking_ = false;
    changed_.notify_all();
    throw;
  }
  lock.lock();
  asking_ = false;
  if (found && is_configured) {
    ++generation_;
    credential_ = std::move(found.value());
  } else if (found) {
    ++generation_;
    if (other || origin_of(url) != origin_)
      scheme_ = other.value_or(auth_scheme::basic);
    origin_ = origin_of(url);
    credential_ = std::move(found.value());
    from_ = origin_of_credential::helper;
    approved_ = false;
  } else if (!is_configured) {
    without_ticket_ = false; // the user may have a ticket by the next time
  }
  lock.unlock();
  changed_.notify_all();
  return found ? result<void>{success()} : fail(found.error().code, found.error().message);
}

void authenticator::accepted(const std::string& url, const ticket& used) {
  {
    const std::lock_guard lock{mutex_};
    if (used.generation != generation_ || from_ != origin_of_credential::helper || approved_ || used.used.empty())
      return;
    approved_ = true;
  }
  helper_.approve(url, used.used);
}

} // namespace gitfs
