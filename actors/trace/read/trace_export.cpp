#include "actors/trace/read/trace_export.hpp"

#include "actors/trace/read/record_table.hpp"
#include "actors/trace/read/trace_names.hpp"

#include <rapidjson/encodings.h>
#include <rapidjson/stream.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace gitfs::trace {

namespace {

// An edge has no length. A slice without a length cannot be seen, and no arrow starts at it.
constexpr std::uint64_t edge_length = 1000; // ns

// Names are bytes, JSON is text: if they are no UTF-8, each byte above ASCII becomes a question mark.
std::string as_utf8(const std::string& text) {
  rapidjson::StringStream in{text.c_str()};
  while (in.Tell() < text.size()) {
    unsigned codepoint = 0;
    if (!rapidjson::UTF8<>::Decode(in, &codepoint)) {
      std::string out = text;
      std::ranges::replace_if(
          out, [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '?');
      return out;
    }
  }
  return text;
}

class perfetto_writer {
public:
  perfetto_writer(const contents& in, bool redact, const printer& print) : in_(in), names_(in, redact), print_(print) {}

  void write() {
    measure_edges();
    json_.StartObject();
    json_.Key("displayTimeUnit");
    json_.String("ns");
    json_.Key("traceEvents");
    json_.StartArray();
    name_of("process_name", 0, "gitfs-actor");
    for (const record& each : in_.records) {
      by_order_[each.order] = &each;
      slice(each);
      if (const auto cause = by_order_.find(each.cause); each.cause != 0 && cause != by_order_.end())
        arrow(*cause->second, each);
      if (text_.GetSize() > flush_at)
        flush();
    }
    json_.EndArray();
    json_.EndObject();
    flush();
    print_("\n");
  }

private:
  static constexpr std::size_t flush_at = 1U << 20;

  void flush() {
    print_({text_.GetString(), text_.GetSize()});
    text_.Clear();
  }

  void text(const char* key, const std::string& value) {
    const std::string valid = as_utf8(value);
    json_.Key(key);
    json_.String(valid.c_str(), static_cast<rapidjson::SizeType>(valid.size()));
  }

  void number(const char* key, std::uint64_t value) {
    json_.Key(key);
    json_.Uint64(value);
  }

  // Microseconds, with the fraction written digit by digit, because a double would lose nanoseconds.
  void time(const char* key, std::uint64_t ns) {
    const std::string fraction = std::to_string(1000 + ns % 1000);
    const std::string value = std::to_string(ns / 1000) + "." + fraction.substr(1);
    json_.Key(key);
    json_.RawValue(value.c_str(), value.size(), rapidjson::kNumberType);
  }

  void begin(const char* phase, std::uint64_t track) {
    json_.StartObject();
    text("ph", phase);
    number("pid", in_.header.process);
    number("tid", track);
  }

  void name_of(const char* what, std::uint64_t track, const std::string& name) {
    begin("M", track);
    text("name", what);
    json_.Key("args");
    json_.StartObject();
    text("name", name);
    json_.EndObject();
    json_.EndObject();
  }

  // Slices of one track must not overlap unless they nest (Perfetto drops those that do), so an edge ends before the
  // next begins: a nanosecond before, because viewers count in doubles, which make one of two that touch take the
  // other's arrows.
  void measure_edges() {
    std::map<std::string, std::vector<const record*>> tracks;
    for (const record& each : in_.records)
      if (!is_message(each.what))
        tracks[names_.actor_of(each)].push_back(&each);
    for (auto& [name, edges] : tracks) {
      std::ranges::stable_sort(edges, {}, &record::time); // threads take order and time one after the other
      std::uint64_t next = UINT64_MAX;
      for (auto at = edges.rbegin(); at != edges.rend(); next = (*at++)->time)
        edge_lengths_[(*at)->order] = std::min(edge_length, std::max(next - (*at)->time, std::uint64_t{1}) - 1);
    }
  }

  std::uint64_t length_of(const record& r) const {
    if (!is_message(r.what))
      return edge_lengths_.at(r.order);
    return r.duration == record::no_duration ? 0 : r.duration;
  }

  // The number of the actor's track. The track gets its name when the actor occurs for the first time.
  std::uint64_t track_of(const record& r) {
    const std::string name = names_.actor_of(r);
    // Tracks are told apart by the actor's key, because two directories have the same name if their paths are unknown.
    const auto key = std::pair{is_message(r.what) ? r.actor : actor_key{}, is_message(r.what) ? "" : name};
    const auto [at, fresh] = tracks_.try_emplace(key, tracks_.size() + 1);
    if (fresh)
      name_of("thread_name", at->second, name);
    return at->second;
  }

  void slice(const record& r) {
    begin("X", track_of_begun(r));
    text("name", kind_name(r.what));
    text("cat", is_message(r.what) ? "message" : "edge");
    time("ts", r.time);
    time("dur", length_of(r));
    json_.Key("args");
    json_.StartObject();
    number("order", r.order);
    if (r.cause != 0)
      number("cause", r.cause);
    if (is_message(r.what))
      text("waited", show_duration(r.wait));
    if (const std::string fields = names_.fields_of(r); !fields.empty())
      text("fields", fields);
    json_.EndObject();
    json_.EndObject();
  }

  std::uint64_t track_of_begun(const record& r) { return tracks_by_order_[r.order] = track_of(r); }

  // A viewer binds each end of an arrow to the slice that it lies in. So the arrow must begin before the slice of the
  // cause ends.
  void arrow(const record& cause, const record& effect) {
    const std::uint64_t sent = effect.time - std::min(effect.wait, effect.time);
    const std::uint64_t last = cause.time + std::max<std::uint64_t>(length_of(cause), 1) - 1;
    arrow_end("s", cause, std::clamp(sent, cause.time, last), effect.order);
    arrow_end("f", effect, effect.time, effect.order);
  }

  void arrow_end(const char* phase, const record& at, std::uint64_t when, std::uint64_t id) {
    begin(phase, tracks_by_order_[at.order]);
    text("name", "cause");
    text("cat", "cause");
    number("id", id);
    time("ts", when);
    if (*phase == 'f')
      text("bp", "e");
    json_.EndObject();
  }

  const contents& in_;
  const trace_names names_;
  const printer& print_;
  rapidjson::StringBuffer text_;
  rapidjson::Writer<rapidjson::StringBuffer> json_{text_};
  std::map<std::pair<actor_key, std::string>, std::uint64_t> tracks_;
  std::unordered_map<std::uint64_t, std::uint64_t> edge_lengths_; // by order, ns
  std::unordered_map<std::uint64_t, const record*> by_order_;
  std::unordered_map<std::uint64_t, std::uint64_t> tracks_by_order_;
};

class trace_writer {
public:
  explicit trace_writer(const file_header& header) {
    char head[file_header_size];
    put_file_header(head, header);
    out_.assign(head, sizeof head);
  }

  template <class Fields>
  void put(const record& r, kind what, std::uint64_t time, Fields fields) {
    if (!writer_.has_room())
      end_block();
    encoder to = writer_.begin(static_cast<std::uint32_t>(what), r.order, time);
    fields(to);
    writer_.end(to);
  }

  std::string take() {
    end_block();
    return std::move(out_);
  }

private:
  void end_block() {
    if (writer_.used() != 0) {
      const std::string_view payload{block_.data() + block_header_size, writer_.used()};
      char head[block_header_size];
      put_block_header(head, writer_.first_order(), writer_.first_time(), payload);
      out_.append(head, sizeof head).append(payload);
    }
    writer_ = block_writer{block_.data()};
  }

  std::string out_;
  std::string block_ = std::string(block_size, '\0');
  block_writer writer_{block_.data()};
};

void put_field(encoder& to, const field_value& value) {
  switch (value.what.type) {
  case field_type::whole:
    return to.number(value.number == 0 ? 0 : static_cast<std::uint64_t>(exactness::redacted));
  case field_type::name:
    return to.text(redacted_name(value.text));
  case field_type::id:
    return to.id(value.id);
  case field_type::ids:
    return to.text(value.text);
  case field_type::bytes:
    return to.text({}); // a tree object has names in it
  case field_type::inode:
  case field_type::digest:
    return to.fixed(value.number);
  default:
    return to.number(value.number);
  }
}

} // namespace

void export_perfetto(const contents& in, bool redact, const printer& print) {
  perfetto_writer{in, redact, print}.write();
}

std::string redacted_trace(const contents& in) {
  trace_writer out{in.header};
  for (const record& each : in.records) {
    if (row_of(each.what) == nullptr)
      continue;
    out.put(each, each.what, each.time, [&](encoder& to) {
      to.number(each.cause == 0 ? 0 : each.order - each.cause);
      if (is_message(each.what)) {
        to.number(static_cast<std::uint64_t>(each.actor.is));
        to.fixed(each.actor.inode);
        to.number(each.wait);
      }
      for (const field_value& value : fields_of(each))
        put_field(to, value);
    });
    if (is_message(each.what) && each.duration != record::no_duration)
      out.put(each, kind::handled, each.time + each.duration, [&](encoder& to) { to.number(each.duration); });
  }
  return out.take();
}

} // namespace gitfs::trace
