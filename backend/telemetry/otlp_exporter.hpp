// Sends spans and metrics to collectors, on a thread of its own.
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
  /// Appends the spans since the last call. `last`: appends all that there are, because there is no further call.
  virtual void spans(std::vector<span>& out, bool last) = 0;
  virtual std::vector<metric> metrics() = 0;
  /// Gets the counts of spans and of metrics that were sent or dropped since the last call.
  virtual void counted(const otlp_counts& spans, const otlp_counts& metrics) = 0;
};

/// Asks the source ten times a second. Sends spans when there are 512, or when the oldest is as old as the options say.
/// Spans that collectors do not take are dropped and counted, so memory is bounded (see otlp_outbox) and nothing waits
/// for a collector.
class otlp_exporter {
public:
  /// `source` outlives this.
  otlp_exporter(const telemetry_options& options, otlp_sender sender, telemetry_source& source);
  ~otlp_exporter();
  otlp_exporter(const otlp_exporter&) = delete;
  otlp_exporter& operator=(const otlp_exporter&) = delete;

  /// Sends everything that there is, each body once, and drops what is left after `limit`. The thread has ended when
  /// this returns.
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
  std::thread thread_; ///< the last member, because it uses those above
};

} // namespace gitfs
