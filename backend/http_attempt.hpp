// One operation over HTTP: what it may take, why an attempt failed, and attempts until one does.
#pragma once

#include "backend/http_exchange.hpp"
#include "backend/retry.hpp"
#include "config/error.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

namespace gitfs {

/// What one operation may take, and what it took.
struct operation {
  std::stop_token stop;
  std::chrono::steady_clock::time_point deadline;
  std::uint32_t requests = 0;
  std::uint64_t bytes = 0;
  long status = 0; ///< HTTP status of the last attempt's answer; 0: there was none
  byte_count arrived = nullptr; ///< with those of the attempt that is under way; null: nobody watches
  std::string traceparent{};    ///< a header of each of its requests; empty: none
};

/// Why one HTTP request did not do.
struct attempt_failure {
  error what;
  bool transient = false;
  std::chrono::seconds retry_after{0};
  bool unauthorized = false;
  std::string effective_url{};
};

/// Nothing: it did.
using attempt_result = std::optional<attempt_failure>;

/// Reads the body of an answer of status 200 and the expected type. Called once an attempt; whatever it collects must
/// begin anew with each.
using response_reader = std::function<attempt_result(http_exchange&)>;

/// The failure of a body that has ended too early.
attempt_failure cut_off(const http_exchange& exchange);

/// Attempts until one does, transient failures with pauses as `limits` say, inside the operation's deadline. `repair`
/// (may be null) is asked about each failure first: true: try again at once; an error: give up with that. `retried` is
/// counted up with each pause. ECANCELED: stopped; else the failure of the last attempt.
result<void> attempt_until_done(operation& op, retry_limits limits, std::atomic<std::uint64_t>& retried,
                                const std::function<attempt_result()>& attempt,
                                const std::function<result<bool>(const attempt_failure&)>& repair);

} // namespace gitfs
