#include "backend/smart_http.hpp"

#include "backend/text.hpp"
#include "backend/url.hpp"
#include "config/log.hpp"

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

namespace gitfs {

namespace {

constexpr std::string_view advertisement_path = "/info/refs?service=git-upload-pack";
constexpr std::string_view post_path = "/git-upload-pack";

/// Statuses that deserve better words than their number.
constexpr struct {
  long status;
  int failure;
  const char* text;
} statuses[] = {
    {401, EACCES, "the server asks for credentials"},
    {403, EACCES, "access denied; check that the credentials in use may read this repository"},
    {404, ENOENT,
     "repository not found; check the URL (a private repository may be hidden in this way: then give "
     "credentials)"},
    {407, EACCES, "the proxy asks for credentials"},
    {410, ENOENT, "the repository is gone"},
    {413, E2BIG, "the server refuses a request of this size (HTTP 413)"},
    {429, EIO, "the server asks to make fewer requests (HTTP 429)"},
};

/// As many servers explain themselves in a line of plain text.
std::string explanation(http_exchange& exchange, const http_head& head) {
  constexpr std::size_t longest = 200;
  if (head.content_type != "text/plain")
    return {};
  const std::string body = exchange.read_all(longest);
  const std::string line = printable(std::string_view{body}.substr(0, body.find_first_of("\r\n")));
  return line.empty() ? line : " (\"" + line + "\")";
}

} // namespace

struct smart_http::call {
  std::string_view path;
  std::string_view expected_type;
  std::shared_ptr<const std::string> body; ///< null: GET
};

smart_http::smart_http(const source& from, upstream_limits limits, http_client& client, retry_limits retries)
  : from_(from),
    limits_(limits),
    retries_(retries),
    authenticator_(from.location, credential{from.username, from.password}, from.password_now),
    base_(from.location),
    client_(client) {}

result<void> smart_http::get_advertisement(operation& op, const response_reader& read) {
  return perform(op, {advertisement_path, "application/x-git-upload-pack-advertisement", nullptr}, read);
}

namespace {
constexpr std::string_view post_type = "application/x-git-upload-pack-result";
}

result<void> smart_http::post(operation& op, std::shared_ptr<const std::string> body, const response_reader& read) {
  return perform(op, {post_path, post_type, std::move(body)}, read);
}

std::unique_ptr<http_exchange> smart_http::begin_post(operation& op, std::string body) {
  const std::string url = base();
  return begin(op, {post_path, post_type, std::make_shared<const std::string>(std::move(body))}, url,
               authenticator_.current(url).used);
}

attempt_result smart_http::finish_post(operation& op, http_exchange& begun, const response_reader& read) {
  attempt_result out = judge(begun, {post_path, post_type, nullptr}, read);
  account(op, begun);
  return out;
}

result<void> smart_http::perform(operation& op, const call& what, const response_reader& read) {
  constexpr int most_renewals = 3;
  int renewals = 0;
  authenticator::ticket who;
  const auto attempt = [&]() -> attempt_result {
    const std::string url = base();
    who = authenticator_.current(url);
    const auto exchange = begin(op, what, url, who.used); // its end closes a connection whose answer was not all read
    attempt_result failure = judge(*exchange, what, [&](http_exchange& body) {
      follow(body.head().effective_url, what.path);
      return read(body);
    });
    account(op, *exchange);
    op.status = exchange->head().status;
    if (!failure)
      authenticator_.accepted(url, who);
    return failure;
  };
  const auto renew = [&](const attempt_failure& failure) -> result<bool> {
    if (!failure.unauthorized || renewals++ >= most_renewals)
      return false;
    // who asks may be behind a redirect
    follow(failure.effective_url, what.path);
    GITFS_TRYV(authenticator_.renew(base(), who, op.stop, op.deadline));
    return true;
  };
  return attempt_until_done(op, retries_, retried_, attempt, renew);
}

std::unique_ptr<http_exchange> smart_http::begin(operation& op, const call& what, const std::string& url,
                                                 const credential& who) {
  http_request out;
  out.url = url;
  out.url += what.path;
  out.headers = {"Git-Protocol: version=2", "Accept: " + std::string{what.body ? what.expected_type : "*/*"}};
  if (what.body)
    out.headers.emplace_back("Content-Type: application/x-git-upload-pack-request");
  if (!op.traceparent.empty())
    out.headers.push_back("traceparent: " + op.traceparent);
  out.body = what.body;
  out.username = who.username;
  out.password = who.password;
  out.connect_timeout = limits_.connect;
  out.stall_timeout = limits_.stall;
  out.deadline = op.deadline;
  ++op.requests;
  ++requests_;
  return std::make_unique<http_exchange>(client_, std::move(out), op.stop, op.arrived);
}

attempt_result smart_http::judge(http_exchange& exchange, const call& what, const response_reader& read) const {
  const http_head head = exchange.head();
  if (head.status == 0)
    return cut_off(exchange);
  if (head.status != 200) {
    const auto* known =
        std::find_if(std::begin(statuses), std::end(statuses), [&](auto& each) { return each.status == head.status; });
    const bool listed = known != std::end(statuses);
    std::string text = from_.display + ": "
                       + (listed ? known->text : "the server answers with HTTP status " + std::to_string(head.status))
                       + explanation(exchange, head);
    return attempt_failure{{listed ? known->failure : EIO, std::move(text)},
                           transient_status(head.status),
                           head.retry_after,
                           head.status == 401,
                           head.effective_url};
  }
  if (head.content_type.empty()) // libcurl takes a header that breaks off for a short one
    return attempt_failure{{EIO, from_.display + ": the server's answer was cut off"}, true};
  if (head.content_type != what.expected_type)
    return attempt_failure{
        {ENOTSUP, from_.display
                      + ": this is not the URL of a git repository with the smart HTTP protocol (the answer has "
                        "the type "
                      + (head.content_type.empty() ? "unknown" : printable(head.content_type)) + ")"}};
  attempt_result out = read(exchange);
  if (out && !out->what.message.starts_with(from_.display))
    out->what.message = from_.display + ": " + out->what.message;
  return out;
}

void smart_http::account(operation& op, const http_exchange& exchange) {
  op.bytes += exchange.received();
  bytes_ += exchange.received();
}

std::string smart_http::base() const {
  const std::lock_guard lock{mutex_};
  return base_;
}

void smart_http::follow(const std::string& effective_url, std::string_view path) {
  // as git: only a redirect that keeps the end of the URL tells where the repository is
  if (!effective_url.ends_with(path))
    return;
  const auto parsed = parse_url(effective_url.substr(0, effective_url.size() - path.size()));
  if (!parsed || parsed.value().has_query || parsed.value().has_fragment)
    return;
  std::string url = parsed.value().origin() + parsed.value().path;
  const std::lock_guard lock{mutex_};
  if (url == base_)
    return;
  log::info("{}: redirected to {}", from_.display, url);
  base_ = std::move(url);
}

upstream_counters smart_http::counters() const {
  return {requests_, bytes_, retried_, cancelled_};
}

} // namespace gitfs
