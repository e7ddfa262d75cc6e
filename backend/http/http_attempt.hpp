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

/// What one operation may take, and what it took.
struct operation {
  std::stop_token stop;
  std::chrono::steady_clock::time_point deadline;
  std::uint32_t requests = 0;
  std::uint64_t bytes = 0;
  long status = 0;              ///< HTTP status of the last attempt's answer; 0: there was none
  byte_count arrived = nullptr; ///< with those of the attempt that is under way; null: nobody watches
  std::string traceparent{};    ///< a header of each of its requests; empty: none
};

/// A request of it, with its deadline and who caused it, and counted in it. The caller adds headers to those that are
/// there.
http_request request_of(operation& op, std::string url, const upstream_limits& limits);

/// False if stopped before.
bool sleep_for(std::chrono::milliseconds wait, const std::stop_token& stop);

/// What becomes of an operation that was stopped.
inline auto cancelled() {
  return fail(ECANCELED, "the request was cancelled");
}

/// What a failure says of the host, and so who waits before the next attempt: this request, or all to that host.
enum class failure_kind : std::uint8_t {
  request,     ///< the host has answered, and the failure is this request's own
  connection,  ///< the answer broke off, or could not be had for good: nothing of the host
  doubtful,    ///< 5xx, or broken before an answer: the host, or what this request makes of it
  alone,       ///< it was doubtful, and others are answered
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

/// What a status other than success says of the host.
failure_kind failure_kind_of(const http_head& head);

/// How an operation is attempted.
struct attempt_plan {
  upstream_host& host;
  std::string display;                ///< that failures' messages begin with
  std::chrono::milliseconds patience; ///< how long to wait for a host that is away
  bool wait_at_first = false;         ///< also for one that has never answered
  retry_limits retries{};             ///< of failures of this request alone
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
