// Makes the ids of spans from the order numbers of records. With that, a request to the server can name its span before
// the span exists.
#pragma once

#include "backend/telemetry/span.hpp"

#include <cstdint>
#include <string>

namespace gitfs {

class span_ids {
public:
  /// Draws 128 random bits, which all ids depend on. `sampled`: the share of the traces that are sent, 0 to 1.
  explicit span_ids(double sampled);
  /// With given bits the ids are the same each time; for tests.
  span_ids(double sampled, std::uint64_t seed, std::uint64_t other_seed);

  /// `root`: order number of the record that the trace begins with.
  trace_id trace(std::uint64_t root) const;
  /// `begin`: order number of the record that the span begins with. A request that waits has a second span, `waiting`.
  span_id of(std::uint64_t begin) const { return make(2 * begin); }
  span_id waiting(std::uint64_t begin) const { return make(2 * begin + 1); }
  /// Whether the trace is sent. Depends on the trace's id alone, as in OpenTelemetry's TraceIdRatioBased.
  bool sampled(std::uint64_t root) const;

  /// The value of the header `traceparent` (W3C Trace Context, version 00).
  std::string traceparent(std::uint64_t begin, std::uint64_t root) const;

private:
  span_id make(std::uint64_t number) const;

  double sampled_;
  std::uint64_t seed_, other_seed_;
};

} // namespace gitfs
