// Brings spans and metrics to collectors, on a thread of its own.
#pragma once

#include "backend/http/http_client.hpp"
#include "backend/telemetry/metric.hpp"
#include "backend/telemetry/otlp_json.hpp"
#include "backend/telemetry/otlp_outbox.hpp"
#include "backend/telemetry/span.hpp"
#include "config/telemetry_options.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace gitfs {

/// All calls come on the exporter's thread.
class telemetry_source {
public:
  virtual ~telemetry_source() = default;
  /// Appends what has come since the last call; `last`: all that there is, for there is no other call.
  virtual void spans(std::vector<span>& out, bool last) = 0;
  virtual std::vector<metric> metrics() = 0;
  /// What became of spans and of metrics since the last call.
  virtual void told(const otlp_counts& spans, const otlp_counts& metrics) = 0;
};

/// Asks the source ten times a second; sends spans when there are 512, or when the oldest is as old as the options say.
/// What the collectors do not take is dropped and counted: memory is bounded (see otlp_outbox), and nobody waits.
class otlp_exporter {
public:
  /// `source` outlives this.
  otlp_exporter(const telemetry_options& options, otlp_sender sender, telemetry_source& source);
  ~otlp_exporter();
  otlp_exporter(const otlp_exporter&) = delete;
  otlp_exporter& operator=(const otlp_exporter&) = delete;

  /// Sends what there is, each body once; drops what is left after `limit`. Then the thread has ended.
  void stop(std::chrono::milliseconds limit);

private:
  using clock = std::chrono::steady_clock;

  void run();
  void round(bool last);
  void wait();
  void wake();
  void ship_spans(bool all);
  void ship_metrics();
  otlp_body body_of(std::string text, std::size_t items, const std::list<otlp_outbox>& to) const;
  void finish();
  void report();

  const telemetry_options options_;
  const otlp_sender sender_;
  telemetry_source& source_;
  const std::uint64_t begin_; ///< nanoseconds since 1970

  std::mutex mutex_; // before the client, whose thread wakes
  std::condition_variable changed_;
  bool woken_ = false;
  std::optional<clock::time_point> stop_by_;

  http_client client_;
  std::list<otlp_outbox> traces_, metrics_;
  std::vector<span> pending_;
  otlp_counts unsent_spans_;
  clock::time_point ship_at_ = clock::time_point::max();
  clock::time_point metrics_at_;
  std::thread thread_; ///< last: it uses what is above
};

} // namespace gitfs
