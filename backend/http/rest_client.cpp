#include "backend/http/rest_client.hpp"

#include "backend/http/http_status.hpp"
#include "backend/http/upstream_host.hpp"
#include "backend/os/text.hpp"
#include "backend/os/url.hpp"
#include "config/log.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <ctime>
#include <curl/curl.h>
#include <fmt/format.h>
#include <optional>
#include <rapidjson/error/en.h>
#include <string_view>

namespace gitfs {

namespace {

using wall_clock = std::chrono::system_clock;

const std::vector<std::string> kept_headers{
    "etag", "link", "date", "x-ratelimit-remaining", "x-ratelimit-reset", "ratelimit-remaining", "ratelimit-reset"};

std::string header(const http_head& head, std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (const auto found = head.headers.find(name); found != head.headers.end())
      return found->second;
  return {};
}

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t out = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), out);
  return failure == std::errc{} && end == text.data() + text.size() ? std::optional{out} : std::nullopt;
}

/// How long the service's rate limit lasts. None: the answer is not about a rate limit.
std::optional<std::chrono::seconds> limited_for(const http_head& head, std::string_view explanation) {
  constexpr std::chrono::seconds unsaid{60}; // if the answer does not say; what GitHub's documentation asks for
  constexpr std::chrono::seconds longest{24 * 3600};
  if (head.status != 403 && head.status != 429)
    return std::nullopt;
  if (head.retry_after.count() > 0)
    return std::min(head.retry_after, longest);
  if (header(head, {"x-ratelimit-remaining", "ratelimit-remaining"}) == "0")
    if (const auto reset = number(header(head, {"x-ratelimit-reset", "ratelimit-reset"}))) {
      // compared with the service's own clock, because ours may be wrong
      const std::time_t theirs = curl_getdate(header(head, {"date"}).c_str(), nullptr);
      const std::time_t now = theirs > 0 ? theirs : std::time(nullptr);
      if (*reset <= now) // checked before the subtraction, which could overflow
        return std::chrono::seconds{1};
      return *reset - now < longest.count() ? std::chrono::seconds{*reset - now} : longest;
    }
  if (head.status == 429) // without a time: upstream_host decides when the host is asked again
    return std::chrono::seconds{0};
  if (explanation.find("rate limit") != std::string_view::npos)
    return unsaid;
  return std::nullopt;
}

std::string clock_text(wall_clock::time_point when) {
  const std::time_t time = wall_clock::to_time_t(when);
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%H:%M:%S UTC", &parts)};
}

error over_limit(const std::string& service, wall_clock::time_point until, bool with_token) {
  return {EAGAIN,
          service + ": over the service's rate limit until " + clock_text(until)
              + (with_token ? "; try again then" : "; try again then, or give a token: the limit is higher with one")};
}

bool is_json(const std::string& type) {
  return type == "application/json" || type.ends_with("+json");
}

/// What the service says of a failure: {"message": "Not Found"}, {"error": "…"} or a line of plain text.
std::string said(const std::string& type, const std::string& body) {
  std::string text;
  if (is_json(type)) {
    rapidjson::Document parsed;
    parsed.Parse<rapidjson::kParseIterativeFlag>(body.data(), body.size());
    for (const char* name : {"message", "error_description", "error"})
      if (text.empty() && !parsed.HasParseError())
        text = string_member(parsed, name);
  } else if (type == "text/plain") {
    text = body;
  }
  return printable(std::string_view{text}.substr(0, text.find_first_of("\r\n")));
}

} // namespace

struct rest_client::question {
  std::string url;
  std::string token;
  std::string accept;
  std::shared_ptr<const std::string> body; ///< null: GET
  bool json = true;                        ///< the answer must be JSON
  const response_reader* read = nullptr;   ///< if set, reads the answer, of whatever type it is
};

struct rest_client::answer {
  rest_answer json;
  std::string bytes;
};

rest_client::rest_client(rest_options options)
  : options_(std::move(options)),
    origin_([&] {
      auto parsed = parse_url(options_.base);
      return parsed ? parsed.value().origin() : std::string{};
    }()),
    client_(options_.client ? options_.client
                            : std::make_shared<http_client>(
                                http_client_options{.connections_per_host = std::max(options_.limits.parallel, 1u)})) {}

result<rest_answer> rest_client::get(const std::string& path, const std::string& token, std::stop_token stop) {
  GITFS_TRY(url, url_of(path));
  GITFS_TRY(out, perform({std::move(url), token, options_.accept, nullptr}, std::move(stop)));
  return std::move(out.json);
}

result<void> rest_client::each_page(const std::string& path, const std::string& token, std::stop_token stop,
                                    const std::function<result<void>(const rapidjson::Document&)>& visit) {
  constexpr unsigned most_pages = 10'000; // ends a listing whose pages form a circle
  std::string next = path;
  for (unsigned page = 0; !next.empty(); ++page) {
    if (page == most_pages)
      return fail(EIO, display() + ": the service's list has no end");
    GITFS_TRY(one, get(next, token, stop));
    GITFS_TRYV(visit(*one.body));
    next = std::move(one.next);
  }
  return success();
}

result<rest_answer> rest_client::post(const std::string& path, std::string json, const std::string& token,
                                      std::stop_token stop) {
  GITFS_TRY(url, url_of(path));
  GITFS_TRY(out, perform({std::move(url), token, options_.accept, std::make_shared<const std::string>(std::move(json))},
                         std::move(stop)));
  return std::move(out.json);
}

result<std::string> rest_client::get_bytes(const std::string& path, const std::string& accept, const std::string& token,
                                           std::stop_token stop) {
  GITFS_TRY(url, url_of(path));
  GITFS_TRY(out, perform({std::move(url), token, accept, nullptr, false}, std::move(stop)));
  return std::move(out.bytes);
}

result<std::string> rest_client::url_of(const std::string& path) const {
  if (origin_.empty())
    return fail(EINVAL, "the URL of the REST API is not valid");
  if (path.starts_with('/'))
    return options_.base + path;
  auto parsed = parse_url(path);
  if (!parsed || parsed.value().origin() != origin_)
    return fail(EIO, display() + ": the service's next page is said to be at another host"
                         + (parsed ? " (" + printable(parsed.value().authority()) + ")" : std::string{})
                         + ", which is not asked; give the URL that the service calls itself by");
  return path;
}

result<rest_client::answer> rest_client::perform(const question& what, std::stop_token stop) {
  operation op{std::move(stop), std::chrono::steady_clock::now() + options_.limits.total};
  answer out;
  GITFS_TRYV(perform(op, what, out));
  return out;
}

result<void> rest_client::get_with(operation& op, const std::string& path, const std::string& accept,
                                   const std::string& token, const response_reader& read) {
  GITFS_TRY(url, url_of(path));
  answer nothing;
  return perform(op, {std::move(url), token, accept, nullptr, false, &read}, nothing);
}

result<void> rest_client::perform(operation& op, const question& what, answer& out) {
  const attempt_plan plan{.host = client_->hosts().of(what.url),
                          .display = display(),
                          .patience = options_.limits.total,
                          .wait_at_first = options_.limits.wait_at_first,
                          .retries = options_.retries,
                          .attempt = [&] { return attempt(op, what, out); },
                          .probe = [&] { return probe(op, what.token); }};
  for (;;) {
    const auto limited = limited_until(what.token);
    auto done =
        limited ? fail(over_limit(display(), *limited, !what.token.empty())) : attempt_until_done(op, plan, retried_);
    if (!done && done.error().code == EAGAIN && options_.waits_for_limits) {
      const auto over = await_limit(what.token, op.stop, op.deadline);
      if (over && over.value())
        continue;
      if (!over)
        done = fail(over.error());
    }
    if (!done && done.error().code == ECANCELED)
      ++cancelled_;
    return done;
  }
}

http_request rest_client::begin(operation& op, std::string url) {
  ++requests_;
  http_request out = request_of(op, std::move(url), options_.limits);
  out.headers.insert(out.headers.end(), options_.headers.begin(), options_.headers.end());
  out.trust = options_.transport.trust;
  out.proxy = options_.transport.proxy;
  return out;
}

/// Requests the root of the API. Any answer will do, but that of a proxy which refuses whoever has no token says
/// nothing of the server behind it.
attempt_result rest_client::probe(operation& op, const std::string& token) {
  http_request request = begin(op, options_.base + "/");
  if (!token.empty())
    request.headers.push_back("Authorization: " + options_.auth_scheme + " " + token);
  http_exchange exchange{*client_, std::move(request), op.stop, op.arrived};
  return judge_probe(answering::api, exchange);
}

attempt_result rest_client::attempt(operation& op, const question& what, answer& out) {
  const std::string key = what.token + '\n' + what.url;
  kept_answer known;
  if (what.json && !what.body) {
    const std::lock_guard lock{mutex_};
    if (const kept_answer* const found = kept_.use(key))
      known = *found;
  }
  http_request request = begin(op, what.url);
  request.headers.push_back("Accept: " + what.accept);
  if (!what.token.empty()) // libcurl does not send it to another host after a redirect
    request.headers.push_back("Authorization: " + options_.auth_scheme + " " + what.token);
  if (what.body)
    request.headers.emplace_back("Content-Type: application/json");
  if (!known.etag.empty())
    request.headers.push_back("If-None-Match: " + known.etag);
  request.body = what.body;
  request.keep_headers = kept_headers;
  http_exchange exchange{*client_, std::move(request), op.stop, op.arrived};
  const http_head head = exchange.head();
  if (head.status == 0)
    return cut_off(exchange);
  if (head.status == 304 && !known.etag.empty()) {
    out.json = {known.body, known.next};
    return {};
  }
  if (head.status < 200 || head.status > 299)
    return refused(exchange, head, what);
  if (what.read != nullptr) {
    attempt_result done = (*what.read)(exchange);
    bytes_ += exchange.received();
    op.bytes += exchange.received();
    return done;
  }
  const bool web_page = head.content_type == "text/html";
  if (web_page || (what.json && !head.content_type.empty() && !is_json(head.content_type)))
    return attempt_failure{{EIO, display() + ": the answer is "
                                     + (web_page ? "a web page" : "of the type " + printable(head.content_type))
                                     + " and not JSON; check that this is the URL of the REST API"}};
  std::string body, piece;
  while (exchange.read(piece)) {
    if (body.size() + piece.size() > options_.body_limit)
      return attempt_failure{
          {EFBIG, fmt::format("{}: the answer is longer than {} bytes", display(), options_.body_limit)}};
    body += piece;
  }
  bytes_ += body.size();
  op.bytes += body.size();
  if (exchange.end().failure != 0)
    return cut_off(exchange);
  if (!what.json) {
    out.bytes = std::move(body);
    return {};
  }
  auto parsed = std::make_shared<rapidjson::Document>();
  // iterative, because a deeply nested answer would exhaust the stack of the recursive parser
  parsed->Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>(body.data(), body.size());
  if (parsed->HasParseError()) {
    const bool early = parsed->GetErrorOffset() >= body.size();
    const std::string where =
        fmt::format(" (byte {}: {})", parsed->GetErrorOffset(), rapidjson::GetParseError_En(parsed->GetParseError()));
    return attempt_failure{
        {EIO, display() + (early ? ": the service's answer was cut off" : ": the service's answer is not valid JSON")
                  + where},
        early};
  }
  out.json = {parsed, next_page(head)};
  if (const std::string etag = header(head, {"etag"}); !what.body && !etag.empty())
    keep(key, {etag, out.json.next, out.json.body, key.size() + body.size() + parsed->GetAllocator().Size()});
  return {};
}

attempt_failure rest_client::refused(http_exchange& exchange, const http_head& head, const question& what) {
  constexpr std::size_t longest = 4096;
  const std::string explanation = said(head.content_type, exchange.read_all(longest));
  if (const auto wait = limited_for(head, explanation)) {
    const auto until = wall_clock::now() + *wait;
    attempt_failure out{over_limit(display(), until, !what.token.empty())};
    out.transient = *wait <= options_.longest_wait;
    out.retry_after = *wait;
    out.of = out.transient ? failure_kind::busy : failure_kind::request;
    if (!out.transient) {
      log::info("{}", out.what.message);
      const std::lock_guard lock{mutex_};
      limited_until_[what.token] = until;
    }
    return out;
  }
  return refused_by_status(answering::api, head, display(), explanation);
}

std::optional<wall_clock::time_point> rest_client::limited_until(const std::string& token) const {
  const std::lock_guard lock{mutex_};
  const auto found = limited_until_.find(token);
  if (found == limited_until_.end() || found->second <= wall_clock::now())
    return std::nullopt;
  return found->second;
}

result<bool> rest_client::await_limit(const std::string& token, const std::stop_token& stop,
                                      std::chrono::steady_clock::time_point deadline) const {
  // Requests that have met the limit together begin again at different moments.
  constexpr std::chrono::milliseconds spread{500};
  const auto until = limited_until(token);
  if (!until)
    return false;
  const auto pause = std::chrono::ceil<std::chrono::milliseconds>(*until - wall_clock::now())
                     + std::chrono::duration_cast<std::chrono::milliseconds>(spread * random_unit());
  if (pause >= deadline - std::chrono::steady_clock::now())
    return false;
  if (!sleep_for(pause, stop))
    return cancelled();
  return true;
}

std::string rest_client::next_page(const http_head& head) const {
  const std::string target = next_link(header(head, {"link"}));
  return target.starts_with('/') && !target.starts_with("//") ? origin_ + target : target;
}

void rest_client::keep(const std::string& key, kept_answer fresh) {
  const std::lock_guard lock{mutex_};
  for (const auto& [which, before] : kept_.take(key))
    kept_bytes_ -= before.bytes;
  if (fresh.bytes > options_.cache_limit)
    return;
  kept_bytes_ += fresh.bytes;
  kept_.add(key, std::move(fresh));
  while (kept_bytes_ > options_.cache_limit)
    kept_bytes_ -= kept_.take_oldest().front().second.bytes;
}

upstream_counters rest_client::counters() const {
  return {requests_, bytes_, retried_, cancelled_};
}

std::string next_link(std::string_view text) {
  while (!text.empty()) {
    const std::size_t begin = text.find('<'), end = text.find('>', begin);
    if (end == std::string_view::npos)
      return {};
    const std::string_view target = text.substr(begin + 1, end - begin - 1);
    text.remove_prefix(end + 1);
    const std::string_view parameters = text.substr(0, text.find('<'));
    text.remove_prefix(parameters.size());
    if (parameters.find("rel=\"next\"") != std::string_view::npos
        || parameters.find("rel=next") != std::string_view::npos)
      return std::string{target};
  }
  return {};
}

std::string string_member(const rapidjson::Value& object, const char* name) {
  if (!object.IsObject())
    return {};
  const auto found = object.FindMember(name);
  return found != object.MemberEnd() && found->value.IsString()
             ? std::string{found->value.GetString(), found->value.GetStringLength()}
             : std::string{};
}

} // namespace gitfs
