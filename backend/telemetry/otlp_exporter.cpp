#include "backend/telemetry/otlp_exporter.hpp"

#include "backend/os/edge_thread.hpp"
#include "config/log.hpp"

#include <libdeflate.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace gitfs {

namespace {

constexpr std::chrono::milliseconds tick{100};
constexpr std::size_t batch = 512;

std::uint64_t wall_now() {
  const std::chrono::nanoseconds now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(now.count());
}

std::string gzip(const std::string& text) {
  constexpr int level = 1; // ours is the processor, the network is mostly near
  libdeflate_compressor* compressor = libdeflate_alloc_compressor(level);
  if (compressor == nullptr)
    throw std::bad_alloc{};
  std::string out(libdeflate_gzip_compress_bound(compressor, text.size()), '\0');
  out.resize(libdeflate_gzip_compress(compressor, text.data(), text.size(), out.data(), out.size()));
  libdeflate_free_compressor(compressor);
  return out;
}

} // namespace

otlp_exporter::otlp_exporter(const telemetry_options& options, otlp_sender sender, telemetry_source& source)
  : options_(options),
    sender_(std::move(sender)),
    source_(source),
    begin_(wall_now()),
    client_({.user_agent = "gitfs-actor/" + sender_.version}),
    metrics_at_(clock::now() + options.metric_interval) {
  const auto wake_me = [this] { wake(); };
  for (const otlp_target& each : options_.traces)
    traces_.emplace_back(each, client_, wake_me);
  for (const otlp_target& each : options_.metrics)
    metrics_.emplace_back(each, client_, wake_me);
  thread_ = edge_thread("telemetry", [this] { run(); });
}

otlp_exporter::~otlp_exporter() {
  stop({});
}

void otlp_exporter::stop(std::chrono::milliseconds limit) {
  if (!thread_.joinable())
    return;
  {
    const std::lock_guard lock{mutex_};
    stop_by_ = clock::now() + limit;
  }
  changed_.notify_all();
  thread_.join();
}

void otlp_exporter::wake() {
  {
    const std::lock_guard lock{mutex_};
    woken_ = true;
  }
  changed_.notify_all();
}

void otlp_exporter::run() {
  become_unimportant();
  for (;;) {
    {
      const std::lock_guard lock{mutex_};
      if (stop_by_)
        break;
    }
    try {
      round(false);
    } catch (const std::exception& thrown) { // memory is short: that costs telemetry, not the mount
      unsent_spans_.dropped += pending_.size();
      pending_.clear();
      log::warn("telemetry is lost: {}", thrown.what());
    }
    wait();
  }
  try {
    finish();
  } catch (const std::exception& thrown) {
    log::warn("telemetry is lost: {}", thrown.what());
  }
}

void otlp_exporter::wait() {
  std::unique_lock lock{mutex_};
  changed_.wait_for(lock, tick, [this] { return woken_ || stop_by_; });
  woken_ = false;
}

void otlp_exporter::round(bool last) {
  const bool had_none = pending_.empty();
  source_.spans(pending_, last);
  const auto now = clock::now();
  if (had_none && !pending_.empty())
    ship_at_ = now + options_.span_delay;
  ship_spans(last || now >= ship_at_);
  if (last || now >= metrics_at_) {
    metrics_at_ = now + options_.metric_interval;
    ship_metrics();
  }
  for (std::list<otlp_outbox>* boxes : {&traces_, &metrics_})
    for (otlp_outbox& box : *boxes)
      box.step(now);
  report();
}

void otlp_exporter::report() {
  otlp_counts of_spans = std::exchange(unsent_spans_, {});
  otlp_counts of_metrics;
  for (otlp_outbox& box : traces_)
    of_spans += box.take_counts();
  for (otlp_outbox& box : metrics_)
    of_metrics += box.take_counts();
  source_.counted(of_spans, of_metrics);
}

void otlp_exporter::ship_spans(bool all) {
  std::size_t at = 0;
  for (; pending_.size() - at >= batch || (all && at < pending_.size());) {
    const std::size_t count = std::min(batch, pending_.size() - at);
    if (std::ranges::all_of(traces_, &otlp_outbox::full)) {
      unsent_spans_.dropped += count * traces_.size(); // without the work of writing them
    } else {
      const otlp_body body = body_of(otlp_traces(sender_, {pending_.data() + at, count}), count, traces_);
      for (otlp_outbox& box : traces_)
        box.put(body);
    }
    at += count;
  }
  pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(at));
  if (at != 0)
    ship_at_ = clock::now() + options_.span_delay;
}

void otlp_exporter::ship_metrics() {
  if (metrics_.empty())
    return;
  const std::vector<metric> read = source_.metrics();
  const otlp_body body = body_of(otlp_metrics(sender_, read, begin_, wall_now()), read.size(), metrics_);
  for (otlp_outbox& box : metrics_)
    box.put(body);
}

otlp_body otlp_exporter::body_of(std::string text, std::size_t items, const std::list<otlp_outbox>& to) const {
  otlp_body out;
  if (std::ranges::any_of(to, &otlp_outbox::wants_gzip))
    out.gzipped = std::make_shared<const std::string>(gzip(text));
  out.plain = std::make_shared<const std::string>(std::move(text));
  out.items = items;
  return out;
}

void otlp_exporter::finish() {
  for (std::list<otlp_outbox>* boxes : {&traces_, &metrics_})
    for (otlp_outbox& box : *boxes)
      box.hurry();
  round(true);
  const auto open = [](const otlp_outbox& box) { return !box.empty(); };
  while (clock::now() < *stop_by_ && (std::ranges::any_of(traces_, open) || std::ranges::any_of(metrics_, open))) {
    {
      std::unique_lock lock{mutex_};
      changed_.wait_until(lock, std::min(*stop_by_, clock::now() + tick), [this] { return woken_; });
      woken_ = false;
    }
    for (std::list<otlp_outbox>* boxes : {&traces_, &metrics_})
      for (otlp_outbox& box : *boxes)
        box.step(clock::now());
  }
  for (std::list<otlp_outbox>* boxes : {&traces_, &metrics_})
    for (otlp_outbox& box : *boxes)
      box.give_up();
  report();
}

} // namespace gitfs
