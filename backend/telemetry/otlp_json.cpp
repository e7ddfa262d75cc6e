#include "backend/telemetry/otlp_json.hpp"

#include "backend/os/hex.hpp"

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <charconv>
#include <cstdlib>
#include <span>

namespace gitfs {

namespace {

constexpr int cumulative = 2;   // AggregationTemporality
constexpr int status_error = 2; // Status.StatusCode

std::size_t utf8_length(unsigned char first) {
  return first < 0x80                    ? 1
         : first >= 0xc2 && first < 0xe0 ? 2
         : first >= 0xe0 && first < 0xf0 ? 3
         : first >= 0xf0 && first < 0xf5 ? 4
                                         : 0;
}

// Of the well-formed character that `text` begins with; 0: there is none (Unicode, table 3-7).
std::size_t character(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::size_t length = utf8_length(at(0));
  if (length == 0 || length > text.size())
    return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((at(i) & 0xc0) != 0x80)
      return 0;
  const bool overlong = (at(0) == 0xe0 && at(1) < 0xa0) || (at(0) == 0xf0 && at(1) < 0x90);
  const bool outside = (at(0) == 0xed && at(1) >= 0xa0) || (at(0) == 0xf4 && at(1) >= 0x90);
  return overlong || outside ? 0 : length;
}

class writer {
public:
  std::string text() const { return {buffer_.GetString(), buffer_.GetSize()}; }

  void key(std::string_view name) { json_.Key(name.data(), static_cast<rapidjson::SizeType>(name.size())); }
  void string(std::string_view value) { json_.String(value.data(), static_cast<rapidjson::SizeType>(value.size())); }
  // 64 bits are strings in protobuf's JSON: JavaScript's numbers have 53.
  void number(std::uint64_t value) { string(std::to_string(value)); }

  void member(std::string_view name, std::string_view value) { key(name), string(value); }
  void member(std::string_view name, std::uint64_t value) { key(name), number(value); }
  void small(std::string_view name, int value) { key(name), json_.Int(value); }
  void real(std::string_view name, double value) { key(name), json_.Double(value); }
  void flag(std::string_view name, bool value) { key(name), json_.Bool(value); }
  template <std::size_t size>
  void hex(std::string_view name, const std::array<unsigned char, size>& id) {
    member(name, to_hex(std::as_bytes(std::span{id})));
  }

  template <class Body>
  void object(Body body) {
    json_.StartObject();
    body();
    json_.EndObject();
  }
  template <class Body>
  void object(std::string_view name, Body body) {
    key(name);
    object(body);
  }
  template <class Items, class Each>
  void list(std::string_view name, const Items& items, Each each) {
    key(name);
    json_.StartArray();
    for (const auto& item : items)
      each(item);
    json_.EndArray();
  }
  // A list of one object.
  template <class Body>
  void only(std::string_view name, Body body) {
    key(name);
    json_.StartArray();
    object(body);
    json_.EndArray();
  }

  void attribute(std::string_view name, std::string_view value) {
    object([&] {
      member("key", valid_utf8(name));
      object("value", [&] { member("stringValue", valid_utf8(value)); });
    });
  }
  void attribute(std::string_view name, std::uint64_t value) {
    object([&] {
      member("key", name);
      object("value", [&] { member("intValue", value); });
    });
  }

  void double_item(double value) { json_.Double(value); }

private:
  rapidjson::StringBuffer buffer_;
  rapidjson::Writer<rapidjson::StringBuffer> json_{buffer_};
};

// Resource and scope, the same in both signals but for their names.
template <class Items>
void write_request(writer& to, const otlp_sender& sender, std::string_view of_resource, std::string_view of_scope,
                   Items items) {
  to.object([&] {
    to.only(of_resource, [&] {
      to.object("resource", [&] {
        to.list("attributes", sender.resource, [&](const auto& each) { to.attribute(each.first, each.second); });
      });
      to.only(of_scope, [&] {
        to.object("scope", [&] {
          to.member("name", "gitfs-actor");
          to.member("version", sender.version);
        });
        items();
      });
    });
  });
}

void write_span(writer& to, const span& s) {
  to.object([&] {
    to.hex("traceId", s.trace);
    to.hex("spanId", s.id);
    if (s.parent)
      to.hex("parentSpanId", *s.parent);
    to.member("name", s.name);
    to.small("kind", static_cast<int>(s.kind));
    to.member("startTimeUnixNano", s.begin);
    to.member("endTimeUnixNano", s.end);
    if (!s.attributes.empty())
      to.list("attributes", s.attributes, [&](const span_attribute& each) {
        if (each.number)
          to.attribute(each.name, *each.number);
        else
          to.attribute(each.name, each.text);
      });
    if (s.link)
      to.only("links", [&] {
        to.hex("traceId", s.link->trace);
        to.hex("spanId", s.link->id);
      });
    if (s.failed)
      to.object("status", [&] { to.small("code", status_error); });
  });
}

void write_metric(writer& to, const metric& m, std::uint64_t begin, std::uint64_t now) {
  const auto times = [&] {
    to.member("startTimeUnixNano", begin);
    to.member("timeUnixNano", now);
  };
  to.object([&] {
    to.member("name", "gitfs." + m.name);
    to.member("description", m.help);
    to.member("unit", m.unit);
    if (m.kind == metric::kind_type::histogram) {
      to.object("histogram", [&] {
        to.small("aggregationTemporality", cumulative);
        to.list("dataPoints", m.points, [&](const histogram_point& point) {
          std::uint64_t all = 0;
          for (const std::uint64_t each : point.counts)
            all += each;
          to.object([&] {
            times();
            to.only("attributes", [&] {
              to.member("key", "op");
              to.object("value", [&] { to.member("stringValue", point.op); });
            });
            to.member("count", all);
            to.real("sum", point.sum);
            to.list("bucketCounts", point.counts, [&](std::uint64_t each) { to.number(each); });
            to.list("explicitBounds", m.bounds, [&](double each) { to.double_item(each); });
          });
        });
      });
      return;
    }
    const bool counter = m.kind == metric::kind_type::counter;
    to.object(counter ? "sum" : "gauge", [&] {
      if (counter) {
        to.small("aggregationTemporality", cumulative);
        to.flag("isMonotonic", true);
      }
      to.only("dataPoints", [&] {
        times();
        to.member("asInt", m.value);
      });
    });
  });
}

} // namespace

std::string valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = character(text);
    out += length == 0 ? std::string_view{"\xef\xbf\xbd"} : text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

std::string otlp_traces(const otlp_sender& sender, std::span<const span> spans) {
  writer out;
  write_request(out, sender, "resourceSpans", "scopeSpans",
                [&] { out.list("spans", spans, [&](const span& each) { write_span(out, each); }); });
  return out.text();
}

std::string otlp_metrics(const otlp_sender& sender, std::span<const metric> metrics, std::uint64_t begin,
                         std::uint64_t now) {
  writer out;
  write_request(out, sender, "resourceMetrics", "scopeMetrics", [&] {
    out.list("metrics", metrics, [&](const metric& each) { write_metric(out, each, begin, now); });
  });
  return out.text();
}

std::uint64_t otlp_rejected(std::string_view answer) {
  rapidjson::Document parsed;
  // Iterative: how deep an answer is nested is for the collector to choose.
  parsed.Parse<rapidjson::kParseIterativeFlag>(answer.data(), answer.size());
  if (!parsed.IsObject())
    return 0;
  const auto partial = parsed.FindMember("partialSuccess");
  if (partial == parsed.MemberEnd() || !partial->value.IsObject())
    return 0;
  for (const auto& member : partial->value.GetObject()) {
    const std::string_view name{member.name.GetString(), member.name.GetStringLength()};
    if (name != "rejectedSpans" && name != "rejectedDataPoints")
      continue;
    if (member.value.IsUint64())
      return member.value.GetUint64();
    std::uint64_t out = 0;
    if (member.value.IsString())
      std::from_chars(member.value.GetString(), member.value.GetString() + member.value.GetStringLength(), out);
    return out;
  }
  return 0;
}

} // namespace gitfs
