// JSON from a REST service (RFC 9110): retries, rate limits, answers kept under their ETag, pages.
#pragma once

#include "backend/http/http_attempt.hpp"
#include "backend/http/http_client.hpp"
#include "backend/http/http_settings.hpp"
#include "backend/http/retry.hpp"
#include "backend/http/upstream_limits.hpp"
#include "config/error.hpp"
#include "config/lru_map.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <rapidjson/document.h>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace gitfs {

/// A document may also be in the cache of answers, so it is shared.
using json_document = std::shared_ptr<const rapidjson::Document>;

struct rest_answer {
  json_document body;
  std::string next; ///< where the next page is, for `get`; empty: this was the last one
};

struct rest_options {
  std::string base;                               ///< URL without trailing slashes or userinfo; paths are appended
  std::string accept = "application/json";        ///< the header Accept
  std::vector<std::string> headers{};             ///< further headers of each request: "Name: value"
  std::string auth_scheme = "Bearer";             ///< what stands before the token in `Authorization`
  transport_settings transport{};                 ///< settings of each connection
  upstream_limits limits{};                       ///< limits of each call
  retry_limits retries{};                         ///< limits of each call
  std::size_t body_limit = std::size_t{64} << 20; ///< bytes of one answer, decoded
  std::size_t cache_limit = std::size_t{8} << 20; ///< bytes of answers that are kept for their ETag
  std::chrono::seconds longest_wait{10};          ///< a longer rate limit is EAGAIN
  bool waits_for_limits = false;                  ///< true: calls wait for longer rate limits, too, up to limits.total
  std::shared_ptr<http_client> client{};          ///< null: the client has its own
};

/// Thread-safe; calls block within the limits, retry what is transient, and end with:
///   ECANCELED  stopped
///   EACCES     401, 403: a token is missing, wrong or not allowed to do this
///   ENOENT     404, 410
///   EAGAIN     over a rate limit for longer than `longest_wait`, or for longer than the call waits for it; the message
///              says until when. Until then no further request is made with the same token.
///   EFBIG      longer than `body_limit`
///   EHOSTDOWN  the host has been away for longer than `limits.total`
///   EIO (also: not JSON, but a web page), ETIMEDOUT, E2BIG (413)
/// Messages name the service and quote its explanation. Neither messages nor the log contain tokens.
class rest_client {
public:
  explicit rest_client(rest_options options);
  rest_client(const rest_client&) = delete;
  rest_client& operator=(const rest_client&) = delete;

  /// `path`: "/users/x?per_page=100", of percent-encoded parts (`percent_encode`), or a rest_answer's `next`. An empty
  /// token: the request has none. If an answer with an ETag is kept, the request has If-None-Match.
  result<rest_answer> get(const std::string& path, const std::string& token, std::stop_token stop);

  /// `get` for every page from `path` on, until `visit` gives an error, which is then the result.
  result<void> each_page(const std::string& path, const std::string& token, std::stop_token stop,
                         const std::function<result<void>(const rapidjson::Document&)>& visit);

  /// POST of JSON. A request that fails is made again, so it must be one that may be carried out twice.
  result<rest_answer> post(const std::string& path, std::string json, const std::string& token, std::stop_token stop);

  /// GET of bytes of any type but a web page; `accept` in place of the option's.
  result<std::string> get_bytes(const std::string& path, const std::string& accept, const std::string& token,
                                std::stop_token stop);

  /// GET whose answer of any type (see http_head::content_type) is read by `read`, as an operation of the caller's:
  /// with its deadline, and counted in it.
  result<void> get_with(operation& op, const std::string& path, const std::string& accept, const std::string& token,
                        const response_reader& read);

  /// Waits for the end of the rate limit of `token`. False, without waiting: there is none, or it outlasts `deadline`.
  /// ECANCELED: stopped.
  result<bool> await_limit(const std::string& token, const std::stop_token& stop,
                           std::chrono::steady_clock::time_point deadline) const;

  upstream_counters counters() const;

  /// The service without credentials, for people.
  const std::string& display() const { return options_.base; }

private:
  struct question;
  struct answer;
  struct kept_answer {
    std::string etag, next;
    json_document body;
    std::size_t bytes = 0;
  };

  result<answer> perform(const question& what, std::stop_token stop);
  result<void> perform(operation& op, const question& what, answer& out);
  http_request begin(operation& op, std::string url);
  attempt_result attempt(operation& op, const question& what, answer& out);
  attempt_failure refused(http_exchange& exchange, const http_head& head, const question& what);
  attempt_result probe(operation& op, const std::string& token);
  std::optional<std::chrono::system_clock::time_point> limited_until(const std::string& token) const;
  result<std::string> url_of(const std::string& path) const;
  std::string next_page(const http_head& head) const;
  void keep(const std::string& key, kept_answer fresh);

  const rest_options options_;
  const std::string origin_;
  std::atomic<std::uint64_t> requests_{0}, bytes_{0}, retried_{0}, cancelled_{0};
  mutable std::mutex mutex_;
  lru_map<std::string, kept_answer> kept_;
  std::size_t kept_bytes_ = 0;
  std::map<std::string, std::chrono::system_clock::time_point> limited_until_; ///< by token
  std::shared_ptr<http_client> client_; ///< the last member, so that its thread ends before the others are destroyed
};

/// The target of the link with rel="next" in a `Link` header (RFC 8288); empty: none.
std::string next_link(std::string_view header);

/// A string member of a JSON object; empty if it is no object, or has no such string.
std::string string_member(const rapidjson::Value& object, const char* name);

} // namespace gitfs
