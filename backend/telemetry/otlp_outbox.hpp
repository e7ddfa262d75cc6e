// The queue of bodies for one collector, and how they are sent (OpenTelemetry Protocol Specification, "OTLP/HTTP").
#pragma once

#include "backend/http/http_client.hpp"
#include "backend/http/retry.hpp"
#include "config/telemetry_options.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace gitfs {

/// The body of one request. The outboxes of several collectors share it.
struct otlp_body {
  std::shared_ptr<const std::string> plain;
  std::shared_ptr<const std::string> gzipped; ///< null if no collector wants it
  std::size_t items = 0;                      ///< spans, or metrics
};

/// Counts of items (`sent`, `dropped`), and of requests.
struct otlp_counts {
  std::uint64_t sent = 0, dropped = 0, failed_requests = 0;

  otlp_counts& operator+=(const otlp_counts& other) {
    sent += other.sent;
    dropped += other.dropped;
    failed_requests += other.failed_requests;
    return *this;
  }
};

/// Bodies are sent one after the other. A body is sent again after 429, 502, 503, 504 and failures of the connection,
/// when Retry-After or an exponential backoff says; any other answer is final. Used by one thread.
class otlp_outbox {
public:
  using clock = std::chrono::steady_clock;
  static constexpr std::size_t most_bodies = 32;
  static constexpr std::size_t most_bytes = std::size_t{8} << 20; ///< one body may be longer

  /// `client` outlives this; `wake` is called, on its thread, when `step` has something to do.
  otlp_outbox(otlp_target target, http_client& client, std::function<void()> wake, retry_limits retries = usual);
  ~otlp_outbox();
  otlp_outbox(const otlp_outbox&) = delete;
  otlp_outbox& operator=(const otlp_outbox&) = delete;

  bool wants_gzip() const { return target_.gzip; }
  bool full() const { return bodies_.size() >= most_bodies || bytes_ >= most_bytes; }
  bool empty() const { return bodies_.empty(); }

  /// Adds a body, or drops it if the outbox is full.
  void put(otlp_body body);
  /// Handles an answer that has arrived, and sends what is due. Never blocks.
  void step(clock::time_point now);
  /// When `step` must be called even if `wake` was not.
  clock::time_point next_step() const { return due_; }
  /// From now on nothing is sent twice.
  void hurry();
  /// Cancels and drops what is left.
  void give_up();
  /// The counts since the last call.
  otlp_counts take_counts() { return std::exchange(counts_, {}); }

  static constexpr retry_limits usual{std::chrono::seconds{1}, std::chrono::seconds{30}, 8};

private:
  struct answer;

  void send(clock::time_point now);
  void judge(clock::time_point now);
  void failed(clock::time_point now, const std::string& why, bool again, std::chrono::seconds retry_after);
  void drop_first();
  void complain(const std::string& why);

  const otlp_target target_;
  const retry_limits retries_;
  http_client& client_;
  const std::function<void()> wake_;
  http_request request_; ///< everything but the body
  std::string name_;     ///< name of the collector, for messages

  std::deque<otlp_body> bodies_; ///< the first one is being sent, or waits to be sent again
  std::size_t bytes_ = 0;
  std::optional<retry_policy> policy_; ///< of the first body
  clock::time_point due_ = clock::time_point::min();
  bool hurry_ = false;
  std::string complaint_;
  otlp_counts counts_;
  std::shared_ptr<answer> answer_;
  std::unique_ptr<http_transfer> transfer_; ///< null: no request is running
};

} // namespace gitfs
