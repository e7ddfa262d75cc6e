// The bodies of OTLP requests as JSON (OpenTelemetry Protocol Specification, "JSON Protobuf Encoding").
#pragma once

#include "backend/telemetry/metric.hpp"
#include "backend/telemetry/span.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gitfs {

/// Who sends the requests. `resource`: the attributes of the resource, among them service.name; bytes that are not
/// UTF-8 become U+FFFD.
struct otlp_sender {
  std::vector<std::pair<std::string, std::string>> resource;
  std::string version; ///< of this program, as the instrumentation scope
};

/// An ExportTraceServiceRequest.
std::string otlp_traces(const otlp_sender& sender, std::span<const span> spans);

/// An ExportMetricsServiceRequest with sums since `begin`. Times: nanoseconds since 1970.
std::string otlp_metrics(const otlp_sender& sender, std::span<const metric> metrics, std::uint64_t begin,
                         std::uint64_t now);

/// How many spans or points a collector says it has rejected, in the body of an answer with status 200.
std::uint64_t otlp_rejected(std::string_view answer);

/// `text` with each byte that is not part of valid UTF-8 replaced.
std::string valid_utf8(std::string_view text);

} // namespace gitfs
