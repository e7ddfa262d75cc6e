// One operation over HTTP: what it may take, why an attempt failed, and attempts until one does.
#pragma once

#include "backend/http/http_exchange.hpp"
#include "backend/http/retry.hpp"
#include "backend/http/upstream_limits.hpp"
#include "config/error.hpp"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

namespace gitfs {

class upstream_host;

/// The limits of one operation, and the number of its requests.
struct operation {
  std::stop_token stop;
  std::chrono::steady_clock::time_point deadline;
  std::uint32_t requests = 0;
  std::uint64_t bytes = 0;
  long status = 0;              ///< HTTP status of the last attempt's answer; 0: there was none
  byte_count arrived = nullptr; ///< bytes received, by all attempts; null: nobody reads the number
  std::string traceparent{};    ///< a header of each of its requests; empty: none
};

/// Makes a request of the operation: with its deadline and its `traceparent`, and counted in it. The caller may add
/// headers.
http_request request_of(operation& op, std::string url, const upstream_limits& limits);

/// False if stopped before.
bool sleep_for(std::chrono::milliseconds wait, const std::stop_token& stop);

/// The error of an operation that was stopped.
inline auto cancelled() {
  return fail(ECANCELED, "the request was cancelled");
}

/// What a failure tells about the host. It decides who waits before the next attempt: this request, or all requests to
/// that host.
enum class failure_kind : std::uint8_t {
  request,     ///< the host has answered; the failure concerns this request alone
  connection,  ///< the answer broke off, or cannot come for a lasting reason; this tells nothing about the host
  doubtful,    ///< 5xx, or no answer on an open connection: the host is in trouble, or this request makes it fail
  alone,       ///< was doubtful; since the host answers other requests, it concerns this request alone
  unreachable, ///< no connection
  no_name,     ///< the host's name cannot be resolved
  busy,        ///< the host asks for fewer requests
};

/// Why one HTTP request did not do.
struct attempt_failure {
  error what;
  bool transient = false;
  std::chrono::seconds retry_after{0};
  failure_kind of = failure_kind::request;
  bool unauthorized = false;
  http_challenge challenge{}; ///< of an answer with 401
  std::string effective_url{};
};

/// Nothing: it did.
using attempt_result = std::optional<attempt_failure>;

/// Reads the body of an answer of status 200 and the expected type. Called once an attempt; whatever it collects must
/// begin anew with each.
using response_reader = std::function<attempt_result(http_exchange&)>;

/// The failure of a request without an answer, or of a body that has ended too early.
attempt_failure cut_off(const http_exchange& exchange);

/// The kind of a failure with this status, which is not success.
failure_kind failure_kind_of(const http_head& head);

/// How an operation is attempted.
struct attempt_plan {
  upstream_host& host;
  std::string display;                ///< the server's name, with which messages begin
  std::chrono::milliseconds patience; ///< how long to wait for a host that is away
  bool wait_at_first = false;         ///< wait also for a host that has never answered
  retry_limits retries{};             ///< for failures that concern this request alone
  std::function<attempt_result()> attempt = nullptr;
  /// A small request that the host answers if it is there.
  std::function<attempt_result()> probe = nullptr;
  bool is_probe = false; ///< `attempt` tells as much
  /// Is asked about each failure (may be null): true: try again at once; an error: give up with that.
  std::function<result<bool>(const attempt_failure&)> repair = nullptr;
};

/// Attempts until one does: transient failures of its own with pauses as `retries` say, those of the host as
/// `upstream_host` says, all inside the operation's deadline. `retried` is counted up with each further attempt.
/// ECANCELED: stopped; EHOSTDOWN: the host is away for longer than requests wait; else the failure of the last attempt.
result<void> attempt_until_done(operation& op, const attempt_plan& plan, std::atomic<std::uint64_t>& retried);

} // namespace gitfs
