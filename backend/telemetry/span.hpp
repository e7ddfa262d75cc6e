// A span as OTLP defines it (opentelemetry-proto, trace/v1).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gitfs {

using trace_id = std::array<unsigned char, 16>;
using span_id = std::array<unsigned char, 8>;

struct span_attribute {
  span_attribute(std::string_view called, std::uint64_t value) : name(called), number(value) {}
  span_attribute(std::string_view called, std::string value) : name(called), text(std::move(value)) {}

  std::string_view name; ///< must have static storage
  std::optional<std::uint64_t> number;
  std::string text; ///< the value if `number` is unset
};

struct span_link {
  trace_id trace{};
  span_id id{};
};

struct span {
  trace_id trace{};
  span_id id{};
  std::optional<span_id> parent; ///< unset: it is the root of its trace
  std::string name;
  /// The numbers of OTLP's SpanKind.
  enum class kind_type : std::uint8_t { internal = 1, server = 2, client = 3 } kind = kind_type::internal;
  std::uint64_t begin = 0, end = 0; ///< nanoseconds since 1970
  bool failed = false;
  std::vector<span_attribute> attributes;
  std::optional<span_link> link; ///< the span in another trace for which this one waited
};

} // namespace gitfs
