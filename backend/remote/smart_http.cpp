#include "backend/remote/smart_http.hpp"

#include "backend/http/http_status.hpp"
#include "backend/http/upstream_host.hpp"
#include "backend/os/text.hpp"
#include "backend/os/url.hpp"
#include "config/log.hpp"

#include <cerrno>
#include <string_view>
#include <utility>

namespace gitfs {

namespace {

constexpr std::string_view advertisement_path = "/info/refs?service=git-upload-pack";
constexpr std::string_view post_path = "/git-upload-pack";

/// The explanation in an answer. Many servers give one as a line of plain text, or in the title of a page.
std::string explanation(http_exchange& exchange, const http_head& head) {
  constexpr std::size_t longest = 200, longest_page = 2048;
  constexpr std::string_view begin = "<title>";
  std::string body;
  std::string_view line;
  if (head.content_type == "text/plain") {
    body = exchange.read_all(longest);
    line = body;
  } else if (head.content_type == "text/html") {
    body = exchange.read_all(longest_page);
    const std::size_t at = body.find(begin);
    line = at == std::string::npos ? std::string_view{} : std::string_view{body}.substr(at + begin.size(), longest);
    line = line.substr(0, line.find('<'));
  }
  return printable(line.substr(0, line.find_first_of("\r\n")));
}

std::string origin_of(const std::string& url) {
  const auto parsed = parse_url(url);
  return parsed ? parsed.value().origin() : std::string{};
}

/// A server that hands out a repository's files answers with info/refs itself: lines of an id, a tab and a name. It may
/// be empty.
bool is_dumb_answer(std::string_view body) {
  constexpr std::size_t id_length = 40;
  if (body.size() <= id_length)
    return body.empty();
  return body[id_length] == '\t' && body.find_first_not_of("0123456789abcdef") == id_length;
}

/// In bytes. No server refuses smaller requests for their size.
constexpr std::size_t small_request = 4096;

} // namespace

struct smart_http::call {
  std::string_view path;
  std::string_view expected_type;
  std::shared_ptr<const std::string> body; ///< null: GET
};

smart_http::smart_http(const source& from, upstream_limits limits, http_client& client, retry_limits retries,
                       std::chrono::milliseconds refused_for)
  : from_(from),
    limits_(limits),
    retries_(retries),
    authenticator_(from.location, credential{from.username, from.password}, from.password_now),
    base_(from.location),
    origin_(origin_of(from.location)),
    refused_for_(refused_for),
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
  if (!client_.hosts().of(url).there())
    return nullptr;
  return begin(op, {post_path, post_type, std::make_shared<const std::string>(std::move(body))}, url,
               authenticator_.current(url));
}

attempt_result smart_http::finish_post(operation& op, http_exchange& begun, const response_reader& read) {
  attempt_result out = judge(begun, {post_path, post_type, nullptr}, read);
  account(op, begun);
  return out;
}

result<void> smart_http::perform(operation& op, const call& what, const response_reader& read) {
  if (what.body && is_too_large(what.body->size())) // another request has found that out meanwhile
    return fail(E2BIG, from_.display + ": a request of " + std::to_string(what.body->size()) + " bytes is too large");
  constexpr int most_renewals = 4, enough_failures = 2;
  int renewals = 0, failed_alone = 0;
  authenticator::ticket who;
  attempt_plan plan{.host = client_.hosts().of(base()),
                    .display = from_.display,
                    .patience = limits_.total,
                    .wait_at_first = limits_.wait_at_first,
                    .retries = retries_};
  plan.attempt = [&]() -> attempt_result {
    const std::string url = base();
    who = authenticator_.current(url);
    const auto exchange =
        begin(op, what, url, who); // its destructor closes the connection if the answer was not read to its end
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
  plan.probe = [&] { return probe(op); };
  plan.is_probe = what.body == nullptr;
  plan.repair = [&](const attempt_failure& failure) -> result<bool> {
    if (failure.of == failure_kind::alone && what.body && what.body->size() > small_request
        && ++failed_alone == enough_failures)
      return fail(E2BIG, failure.what.message + ": while others are answered, a request of "
                             + std::to_string(what.body->size()) + " bytes is not, perhaps for its size");
    if (!failure.unauthorized || renewals++ >= most_renewals)
      return false;
    // a redirect may have led to another server, which is the one that asks for credentials
    follow(failure.effective_url, what.path);
    GITFS_TRYV(authenticator_.renew(base(), who, failure.challenge, op.stop, op.deadline));
    return true;
  };
  auto done = attempt_until_done(op, plan, retried_);
  if (!done && done.error().code == E2BIG && what.body && what.body->size() > small_request)
    note_too_large(what.body->size());
  return done;
}

/// True only for a while after a refusal, because a proxy's limit may be raised, and the failure may have had another
/// reason.
bool smart_http::is_too_large(std::size_t bytes) {
  const std::lock_guard lock{mutex_};
  if (std::chrono::steady_clock::now() >= refused_until_)
    too_large_ = std::numeric_limits<std::size_t>::max();
  return bytes >= too_large_;
}

void smart_http::note_too_large(std::size_t bytes) {
  const std::lock_guard lock{mutex_};
  too_large_ = std::min(too_large_, bytes);
  refused_until_ = std::chrono::steady_clock::now() + refused_for_;
}

/// Requests the advertisement, and not the root of the host, because a proxy may answer for the host while the git
/// server behind it is away. The body is not read. With the credentials in use, since a proxy that asks for them
/// refuses a request without any before it asks the server.
attempt_result smart_http::probe(operation& op) {
  const std::string url = base();
  const auto exchange = begin(op, {advertisement_path, {}, nullptr}, url, authenticator_.current(url));
  return judge_probe(answering::repository, *exchange);
}

std::unique_ptr<http_exchange> smart_http::begin(operation& op, const call& what, const std::string& url,
                                                 const authenticator::ticket& who) {
  ++requests_;
  http_request out = request_of(op, url + std::string{what.path}, limits_);
  if (origin_of(url) == origin_) // configured headers are often credentials, which must not go to another host
    out.headers.insert(out.headers.end(), from_.http.headers.begin(), from_.http.headers.end());
  out.trust = from_.http.transport.trust;
  out.proxy = from_.http.transport.proxy;
  out.cookie_file = from_.http.cookie_file;
  out.headers.emplace_back("Git-Protocol: version=2");
  out.headers.push_back("Accept: " + std::string{what.body ? what.expected_type : "*/*"});
  if (what.body)
    out.headers.emplace_back("Content-Type: application/x-git-upload-pack-request");
  out.body = what.body;
  out.username = who.used.username;
  out.password = who.used.password;
  out.scheme = who.scheme;
  return std::make_unique<http_exchange>(client_, std::move(out), op.stop, op.arrived);
}

attempt_result smart_http::judge(http_exchange& exchange, const call& what, const response_reader& read) const {
  const http_head head = exchange.head();
  if (head.status == 0)
    return cut_off(exchange);
  if (head.status != 200)
    return refused_by_status(answering::repository, head, from_.display, explanation(exchange, head));
  if (head.content_type != what.expected_type && head.content_type != "text/html" && what.path == advertisement_path
      && is_dumb_answer(exchange.read_all(small_request)))
    return attempt_failure{
        {ENOTSUP,
         from_.display
             + ": the server speaks only git's dumb HTTP protocol, which hands out files of the repository and "
               "cannot be asked for a part of it; set up git http-backend (git help http-backend) on the "
               "server, or clone with git and mount the clone"}};
  const bool as_expected = head.content_type == what.expected_type;
  if (!as_expected && what.path == advertisement_path)
    return is_no_git(head);
  // Git ignores the content type of answers to a POST, and some servers and proxies send a wrong one or none. So the
  // type counts only if the answer cannot be parsed as git's.
  attempt_result out = read(exchange);
  if (out && out->what.code == EILSEQ) {
    if (!as_expected && !head.content_type.empty())
      return is_no_git(head);
    out->what.code = EIO;
  }
  if (out && !out->what.message.starts_with(from_.display))
    out->what.message = from_.display + ": " + out->what.message;
  return out;
}

attempt_failure smart_http::is_no_git(const http_head& head) const {
  return {{ENOTSUP, from_.display
                        + ": this is not the URL of a git repository with the smart HTTP protocol (the answer has "
                          "the type "
                        + (head.content_type.empty() ? "unknown" : printable(head.content_type)) + ")"}};
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
  // as in git, only a redirect that keeps the end of the URL tells where the repository is
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
