#include "cli/screens/top_model.hpp"

#include "actors/model/counters.hpp"
#include "actors/model/latency.hpp"
#include "actors/trace/read/trace_names.hpp"
#include "config/byte_size.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>

namespace gitfs {

namespace {

constexpr double shortest_interval = 0.1, longest_interval = 60;
constexpr std::string_view kernel = "kernel.";

std::uint64_t quantile(const activity::histogram& buckets, std::uint64_t all, double q) {
  const auto wanted = static_cast<std::uint64_t>(std::ceil(q * static_cast<double>(all)));
  std::uint64_t seen = 0;
  for (const auto& [bucket, count] : buckets)
    if ((seen += count) >= wanted && seen != 0)
      return latency_histogram::end_of(bucket);
  return 0;
}

std::string duration(std::uint64_t ns) {
  return ns == 0 ? "-" : trace::show_duration(ns);
}

std::string shown_rate(double rate) {
  return fmt::format("{:.{}f}", rate, rate < 10 ? 1 : 0);
}

std::string shown_bytes(double bytes) {
  return show_byte_size(static_cast<std::uint64_t>(std::llround(bytes)));
}

std::string_view order_name(top_model::order by) {
  constexpr std::string_view names[] = {"busiest", "slowest", "name"};
  return names[static_cast<std::size_t>(by)];
}

// Sorts by name, or the busiest or the slowest first. Equal rows are sorted by name.
template <class Row, class Text, class Busy, class Slow>
void sort_rows(std::vector<Row>& rows, top_model::order by, Text Row::*name, Busy Row::*busy, Slow Row::*slow) {
  std::ranges::sort(rows, {}, name);
  if (by == top_model::order::busiest)
    std::ranges::stable_sort(rows, std::greater{}, busy);
  else if (by == top_model::order::slowest)
    std::ranges::stable_sort(rows, std::greater{}, slow);
}

} // namespace

void top_model::take(top_sample next) {
  const auto process = [](const top_sample& s) {
    const auto at = s.counters.find("process");
    return at == s.counters.end() ? 0 : at->second;
  };
  samples_ = samples_ == 0 || process(next) != process(last_) ? 1 : samples_ + 1;
  before_ = std::move(last_);
  last_ = std::move(next);
}

std::uint64_t top_model::value(const std::string& counter) const {
  const auto at = last_.counters.find(counter);
  return at == last_.counters.end() ? 0 : at->second;
}

double top_model::rate(const std::string& counter) const {
  const auto now = last_.counters.find(counter);
  const auto before = before_.counters.find(counter);
  const double time = last_.seconds - before_.seconds;
  if (samples_ < 2 || time <= 0 || now == last_.counters.end())
    return 0;
  const std::uint64_t from = before == before_.counters.end() ? 0 : before->second;
  return now->second < from ? 0 : static_cast<double>(now->second - from) / time;
}

std::vector<top_model::operation> top_model::operations() const {
  std::vector<operation> out;
  for (const counter_row& each : kernel_counters) {
    const std::string counter{each.name};
    operation row{counter.substr(kernel.size()), value(counter), rate(counter), 0, 0, 0};
    if (!passes(row.name) || (row.total == 0 && row.rate == 0))
      continue;
    if (const auto now = last_.now.latency.find(row.name); samples_ > 1 && now != last_.now.latency.end()) {
      activity::histogram since = now->second;
      std::uint64_t all = 0;
      if (const auto before = before_.now.latency.find(row.name); before != before_.now.latency.end())
        for (const auto& [bucket, count] : before->second)
          since[bucket] -= std::min(count, since[bucket]);
      for (const auto& [bucket, count] : since)
        all += count;
      row.p50 = quantile(since, all, 0.5);
      row.p90 = quantile(since, all, 0.9);
      row.p99 = quantile(since, all, 0.99);
    }
    out.push_back(std::move(row));
  }
  sort_rows(out, order_, &operation::name, &operation::rate, &operation::p99);
  return out;
}

std::vector<activity::transfer> top_model::transfers() const {
  std::vector<activity::transfer> out = last_.now.transfers;
  std::erase_if(out, [this](const activity::transfer& t) {
    if (waited_only_ && t.urgency == "speculation")
      return true;
    return !passes(t.what) && std::ranges::none_of(t.waits, [this](const std::string& path) { return passes(path); });
  });
  sort_rows(out, order_, &activity::transfer::what, &activity::transfer::bytes, &activity::transfer::age_ms);
  return out;
}

std::vector<activity::walker> top_model::walkers() const {
  std::vector<activity::walker> out = last_.now.walkers;
  std::erase_if(out, [this](const activity::walker& w) { return waited_only_ || (!passes(w.way) && !passes(w.path)); });
  sort_rows(out, order_, &activity::walker::path, &activity::walker::window, &activity::walker::wants);
  return out;
}

top_model::effect top_model::type(std::string_view pressed) {
  if (pressed == "\r" || pressed == "\n") {
    typing_ = false;
  } else if (pressed == "\x1b") {
    typing_ = false;
    filter_.clear();
  } else if (pressed == "\x7f" || pressed == "\b") {
    while (!filter_.empty() && (static_cast<unsigned char>(filter_.back()) & 0xc0) == 0x80)
      filter_.pop_back(); // a continuation byte: a character may have several bytes
    if (!filter_.empty())
      filter_.pop_back();
  } else if (static_cast<unsigned char>(pressed.front()) >= ' ') {
    filter_ += pressed;
  }
  return effect::redraw;
}

top_model::effect top_model::key(std::string_view pressed) {
  if (pressed.empty())
    return effect::none;
  if (typing_)
    return type(pressed);
  static constexpr struct {
    char key;
    effect does;
    void (*change)(top_model& of);
  } keys[] = {
      {'q', effect::quit, [](top_model&) {}},
      {'b', effect::redraw, [](top_model& of) { of.order_ = order::busiest; }},
      {'l', effect::redraw, [](top_model& of) { of.order_ = order::slowest; }},
      {'n', effect::redraw, [](top_model& of) { of.order_ = order::name; }},
      {'w', effect::redraw, [](top_model& of) { of.waited_only_ = !of.waited_only_; }},
      {'/', effect::redraw, [](top_model& of) { of.typing_ = true; }},
      {'\x1b', effect::redraw, [](top_model& of) { of.filter_.clear(); }},
      {'+', effect::redraw, [](top_model& of) { of.interval_ = std::min(of.interval_ * 2, longest_interval); }},
      {'-', effect::redraw, [](top_model& of) { of.interval_ = std::max(of.interval_ / 2, shortest_interval); }},
      {' ', effect::sample, [](top_model&) {}},
  };
  const auto* const pressed_one =
      std::ranges::find_if(keys, [&](const auto& each) { return each.key == pressed.front(); });
  if (pressed_one == std::end(keys))
    return effect::none;
  pressed_one->change(*this);
  return pressed_one->does;
}

std::string top_model::footer() const {
  if (typing_)
    return "filter: " + filter_ + "_";
  return "q quit  b busiest  l slowest  n name  / filter  w waited for  +/- interval  space now";
}

void top_model::add_sums(std::vector<line>& out) const {
  std::string first = fmt::format("gitfs-actor top {}  process {}  every {:g} s  by {}", mountpoint_, value("process"),
                                  interval_, order_name(order_));
  if (!filter_.empty())
    first += "  filter '" + filter_ + "'";
  if (waited_only_)
    first += "  waited for only";
  out.push_back({first, true});
  double requests = 0;
  for (const counter_row& each : kernel_counters)
    requests += rate(std::string{each.name});
  out.push_back({fmt::format("kernel {}/s   upstream {} requests/s, {}/s   directories {}, +{}/s -{}/s",
                             shown_rate(requests), shown_rate(rate("upstream.requests")),
                             shown_bytes(rate("upstream.bytes")), value("directories.live"),
                             shown_rate(rate("directories.spawned")), shown_rate(rate("directories.reaped")))});
  std::uint64_t used = 0;
  std::string parts;
  for (const char* each : {"blobs", "fresh", "listings", "ahead"}) {
    const std::uint64_t bytes = value(std::string{"memory."} + each);
    used += bytes;
    parts += fmt::format("{}{} {}", parts.empty() ? "" : ", ", each, show_byte_size(bytes));
  }
  out.push_back({fmt::format("memory {} of {}: {}   blob files {}", show_byte_size(used),
                             show_byte_size(value("memory.budget")), parts, show_byte_size(value("disk.blob_files")))});
  const std::uint64_t came = value("prefetch.blob_bytes");
  const std::uint64_t read = value("prefetch.used_bytes");
  out.push_back({fmt::format("cache {}, {} evicted   read {}/s from disk, {}/s from memory   came ahead {}, read {}{}",
                             show_byte_size(value("store.cache_bytes")), show_byte_size(value("store.evicted_bytes")),
                             shown_bytes(rate("store.read_from_disk_bytes")),
                             shown_bytes(rate("store.read_from_memory_bytes")), show_byte_size(came),
                             show_byte_size(read), came == 0 ? "" : fmt::format(" ({}%)", 100 * read / came))});
}

void top_model::add_operations(std::vector<line>& out) const {
  out.push_back(
      {fmt::format("{:<12} {:>10} {:>9} {:>10} {:>10} {:>10}", "OPERATION", "TOTAL", "/S", "P50", "P90", "P99"), true});
  for (const operation& each : operations())
    out.push_back({fmt::format("{:<12} {:>10} {:>9} {:>10} {:>10} {:>10}", each.name, each.total, shown_rate(each.rate),
                               duration(each.p50), duration(each.p90), duration(each.p99))});
}

void top_model::add_transfers(std::vector<line>& out) const {
  out.push_back({fmt::format("{:<12} {:>10} {:>9} {:>10} {:<11}  {}", "IN FLIGHT", "OBJECTS", "BYTES", "AGE", "URGENCY",
                             "WAITING"),
                 true});
  for (const activity::transfer& each : transfers()) {
    std::string who = std::to_string(each.waiting);
    for (std::size_t i = 0; i < each.waits.size(); ++i)
      who += (i == 0 ? ": " : ", ") + each.waits[i];
    if (each.waits.size() < each.waiting && !each.waits.empty())
      who += ", ...";
    out.push_back({fmt::format("{:<12} {:>10} {:>9} {:>10} {:<11}  {}", each.what,
                               each.objects == 0 ? "-" : std::to_string(each.objects), show_byte_size(each.bytes),
                               fmt::format("{:.1f}s", static_cast<double>(each.age_ms) / 1e3), each.urgency, who)});
  }
  for (const activity::queue& each : last_.now.queues)
    if (passes(each.what) && !(waited_only_ && each.urgency == "speculation"))
      out.push_back(
          {fmt::format("{:<12} {:>10} {:>9} {:>10} {:<11}", each.what, each.objects, "queued", "", each.urgency)});
}

void top_model::add_walkers(std::vector<line>& out) const {
  out.push_back({fmt::format("{:<12} {:>10} {:>9}  {}", "WALKER", "WINDOW", "IN FLIGHT", "AT"), true});
  for (const activity::walker& each : walkers())
    out.push_back({fmt::format("{:<12} {:>10} {:>9}  {}", each.way, each.window, each.wants, each.path)});
}

std::vector<top_model::line> top_model::frame() const {
  std::vector<line> out;
  add_sums(out);
  out.push_back({});
  add_operations(out);
  out.push_back({});
  add_transfers(out);
  out.push_back({});
  add_walkers(out);
  return out;
}

} // namespace gitfs
