// git's smart HTTP transport (gitprotocol-http) to one repository: where it is, who we are, which failures are retried.
#pragma once

#include "backend/credentials.hpp"
#include "backend/git_upstream.hpp"
#include "backend/http_client.hpp"
#include "backend/http_exchange.hpp"
#include "backend/retry.hpp"
#include "backend/source.hpp"
#include "config/error.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
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

/// Thread-safe; calls block, and end early with ECANCELED when the operation is stopped.
class smart_http {
public:
  smart_http(const source& from, upstream_limits limits, retry_limits retries = {});

  /// GET …/info/refs, protocol 2. Follows where redirects lead: later requests go there.
  result<void> get_advertisement(operation& op, const response_reader& read);
  /// POST …/git-upload-pack.
  result<void> post(operation& op, std::shared_ptr<const std::string> body, const response_reader& read);

  /// A POST that is sent now and looked at later, once and without retries.
  std::unique_ptr<http_exchange> begin_post(operation& op, std::string body);
  attempt_result finish_post(operation& op, http_exchange& begun, const response_reader& read);

  /// The failure of a body that has ended too early.
  static attempt_failure cut_off(const http_exchange& exchange);

  upstream_counters counters() const;
  void count_cancelled() { ++cancelled_; }

private:
  struct call;

  result<void> perform(operation& op, const call& what, const response_reader& read);
  std::unique_ptr<http_exchange> begin(operation& op, const call& what, const std::string& base, const credential& who);
  attempt_result judge(http_exchange& exchange, const call& what, const response_reader& read) const;
  void account(operation& op, const http_exchange& exchange);
  std::string base() const;
  void follow(const std::string& effective_url);

  const source from_;
  const upstream_limits limits_;
  const retry_limits retries_;
  authenticator authenticator_;
  mutable std::mutex mutex_;
  std::string base_; ///< the repository's URL behind redirects
  std::atomic<std::uint64_t> requests_{0}, bytes_{0}, retried_{0}, cancelled_{0};
  http_client client_; ///< last: its thread ends first
};

} // namespace gitfs
