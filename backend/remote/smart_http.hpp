// git's smart HTTP transport (gitprotocol-http) to one repository: where it is, who we are, which failures are retried.
#pragma once

#include "backend/http/credentials.hpp"
#include "backend/http/http_attempt.hpp"
#include "backend/http/http_client.hpp"
#include "backend/http/http_exchange.hpp"
#include "backend/http/retry.hpp"
#include "backend/http/upstream_limits.hpp"
#include "backend/remote/source.hpp"
#include "config/error.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace gitfs {

/// Thread-safe; calls block, and end early with ECANCELED when the operation is stopped.
class smart_http {
public:
  /// `client` outlives it.
  /// A request that is as long as one that was refused is not made for `refused_for`.
  smart_http(const source& from, upstream_limits limits, http_client& client, retry_limits retries = {},
             std::chrono::milliseconds refused_for = std::chrono::minutes{1});

  /// GET …/info/refs, protocol 2. If it is redirected, later requests go to the new place.
  result<void> get_advertisement(operation& op, const response_reader& read);
  /// POST …/git-upload-pack. E2BIG: the request is too large for the server or a proxy before it, which has said
  /// so, or has failed it twice while it answered other requests.
  result<void> post(operation& op, std::shared_ptr<const std::string> body, const response_reader& read);

  /// Sends a POST whose answer is read later. It is sent once, without retries. Null: the host is away.
  std::unique_ptr<http_exchange> begin_post(operation& op, std::string body);
  attempt_result finish_post(operation& op, http_exchange& begun, const response_reader& read);

  /// The repository's URL behind redirects, as far as they are known.
  std::string base() const;

  upstream_counters counters() const;
  void count_cancelled() { ++cancelled_; }

private:
  struct call;

  result<void> perform(operation& op, const call& what, const response_reader& read);
  std::unique_ptr<http_exchange> begin(operation& op, const call& what, const std::string& base,
                                       const authenticator::ticket& who);
  attempt_result judge(http_exchange& exchange, const call& what, const response_reader& read) const;
  attempt_failure is_no_git(const http_head& head) const;
  attempt_result probe(operation& op);
  bool is_too_large(std::size_t bytes);
  void note_too_large(std::size_t bytes);
  void account(operation& op, const http_exchange& exchange);
  void follow(const std::string& effective_url, std::string_view path);

  const source from_;
  const upstream_limits limits_;
  const retry_limits retries_;
  authenticator authenticator_;
  mutable std::mutex mutex_;
  std::string base_;         ///< the repository's URL behind redirects
  const std::string origin_; ///< of the configured URL
  const std::chrono::milliseconds refused_for_;
  std::size_t too_large_ = std::numeric_limits<std::size_t>::max(); ///< bytes of a body that was refused
  std::chrono::steady_clock::time_point refused_until_{};           ///< until when that is taken to hold
  std::atomic<std::uint64_t> requests_{0}, bytes_{0}, retried_{0}, cancelled_{0};
  http_client& client_;
};

} // namespace gitfs
