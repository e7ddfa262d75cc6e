// The ids of spans, made of the order numbers of records: whoever knows the numbers knows the ids, so a request to the
// server can name its span before that exists.
#pragma once

#include "backend/telemetry/span.hpp"

#include <cstdint>
#include <string>

namespace gitfs {

class span_ids {
public:
  /// With 128 random bits of its own. `sampled`: share of the traces that are sent, 0 to 1.
  explicit span_ids(double sampled);
  /// The same ids each time, for tests.
  span_ids(double sampled, std::uint64_t seed, std::uint64_t other_seed);

  /// `root`: order number of the record that the trace begins with.
  trace_id trace(std::uint64_t root) const;
  /// `begin`: order number of the record that the span begins with. A request that waits has a second span.
  span_id of(std::uint64_t begin) const { return make(2 * begin); }
  span_id waiting(std::uint64_t begin) const { return make(2 * begin + 1); }
  /// By the trace's id alone, as OpenTelemetry's TraceIdRatioBased does.
  bool sampled(std::uint64_t root) const;

  /// The value of the header (W3C Trace Context, version 00).
  std::string traceparent(std::uint64_t begin, std::uint64_t root) const;

private:
  span_id make(std::uint64_t number) const;

  double sampled_;
  std::uint64_t seed_, other_seed_;
};

} // namespace gitfs
