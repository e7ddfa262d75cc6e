#include "actors/model/activity.hpp"

#include "actors/model/latency.hpp"
#include "backend/os/text.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <charconv>

namespace gitfs {

namespace {

// Takes what stands before the next space.
std::string_view word(std::string_view& line) {
  const std::size_t space = line.find(' ');
  const std::string_view out = line.substr(0, space);
  line.remove_prefix(space == std::string_view::npos ? line.size() : space + 1);
  return out;
}

bool number(std::string_view& line, std::uint64_t& out) {
  const std::string_view text = word(line);
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out);
  return ec == std::errc{} && end == text.data() + text.size() && !text.empty();
}

bool read_transfer(activity& to, std::string_view line) {
  activity::transfer t;
  if (!number(line, t.number))
    return false;
  t.what = word(line);
  if (!number(line, t.objects) || !number(line, t.bytes) || !number(line, t.age_ms))
    return false;
  t.urgency = word(line);
  to.transfers.push_back(t);
  return number(line, to.transfers.back().waiting);
}

bool read_waits(activity& to, std::string_view line) {
  if (to.transfers.empty())
    return false;
  to.transfers.back().waits.emplace_back(line);
  return true;
}

bool read_queue(activity& to, std::string_view line) {
  activity::queue q;
  q.what = word(line);
  q.urgency = word(line);
  to.queues.push_back(q);
  return number(line, to.queues.back().objects);
}

bool read_walker(activity& to, std::string_view line) {
  activity::walker w;
  w.way = word(line);
  if (!number(line, w.window) || !number(line, w.wants))
    return false;
  w.path = line;
  to.walkers.push_back(std::move(w));
  return true;
}

bool read_latency(activity& to, std::string_view line) {
  activity::histogram& buckets = to.latency[std::string{word(line)}];
  while (!line.empty()) {
    std::string_view pair = word(line);
    const std::size_t colon = pair.find(':');
    std::string_view bucket = pair.substr(0, colon);
    std::string_view count = colon == std::string_view::npos ? std::string_view{} : pair.substr(colon + 1);
    std::uint64_t index = 0;
    if (!number(bucket, index) || !number(count, buckets[index]))
      return false;
  }
  return true;
}

constexpr struct {
  std::string_view name;
  bool (*read)(activity& to, std::string_view line);
} lines[] = {{"transfer", read_transfer},
             {"waits", read_waits},
             {"queue", read_queue},
             {"walker", read_walker},
             {"latency", read_latency}};

} // namespace

std::string shown_path(std::string_view path) {
  constexpr std::size_t longest = 200;
  std::string out = escaped(path);
  if (out.size() <= longest)
    return out;
  std::size_t from = out.size() - longest;
  while (from < out.size() && (static_cast<unsigned char>(out[from]) & 0xc0) == 0x80)
    ++from; // not within a character
  return "…" + out.substr(from);
}

std::string activity::text() const {
  std::string out;
  for (const auto& [kind, buckets] : latency) {
    out += "latency " + kind;
    for (const auto& [bucket, count] : buckets)
      out += fmt::format(" {}:{}", bucket, count);
    out += '\n';
  }
  for (const transfer& t : transfers) {
    out += fmt::format("transfer {} {} {} {} {} {} {}\n", t.number, t.what, t.objects, t.bytes, t.age_ms, t.urgency,
                       t.waiting);
    for (const std::string& path : t.waits)
      out += "waits " + path + '\n';
  }
  for (const queue& q : queues)
    out += fmt::format("queue {} {} {}\n", q.what, q.urgency, q.objects);
  for (const walker& w : walkers)
    out += fmt::format("walker {} {} {} {}\n", w.way, w.window, w.wants, w.path);
  return out;
}

result<activity> activity::parse(std::string_view text) {
  activity out;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const std::string_view name = word(line);
    for (const auto& each : lines)
      if (each.name == name && !each.read(out, line))
        return fail(EPROTO, "what the mount says of itself cannot be understood: is it of another version of "
                            "gitfs-actor?");
  }
  return out;
}

activity activity_of(const latencies& all) {
  constexpr std::string_view prefix = "kernel.";
  activity out;
  for (const counter_row& each : kernel_counters) {
    const auto counted = all.of(each.number).counted();
    if (!counted.empty())
      out.latency[std::string{each.name.substr(prefix.size())}] = counted;
  }
  return out;
}

} // namespace gitfs
