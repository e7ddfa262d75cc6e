#include "actors/telemetry/telemetry.hpp"

#include "actors/telemetry/entry_metrics.hpp"
#include "actors/telemetry/mount_metrics.hpp"
#include "actors/telemetry/span_builder.hpp"
#include "actors/telemetry/span_ids.hpp"
#include "actors/trace/read/ring_tail.hpp"
#include "actors/trace/record/recorder.hpp"
#include "backend/telemetry/metrics_server.hpp"
#include "backend/telemetry/otlp_exporter.hpp"
#include "backend/telemetry/prometheus_text.hpp"
#include "config/log.hpp"
#include "config/telemetry_options.hpp"
#include "config/version.hpp"

#include <caf/actor_addr.hpp>

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <optional>
#include <unistd.h>
#include <utility>
#include <vector>

namespace gitfs {

namespace {

constexpr std::chrono::seconds flush_limit{2};

telemetry_options options_of(const mount_options& options, std::vector<std::string>& warnings) {
  return read_telemetry(
      options.telemetry, [](const char* name) { return std::getenv(name); }, warnings);
}

bool makes_spans(const telemetry_options& options) {
  return !options.traces.empty() && options.sampled > 0;
}

otlp_sender sender_of(const telemetry_options& options, const mount_options& mounted, const std::string& source) {
  otlp_sender out;
  out.version = version;
  out.resource = {{"service.name", options.service_name},
                  {"service.version", out.version},
                  {"process.pid", std::to_string(::getpid())}};
  if (mounted.telemetry.paths) {
    out.resource.emplace_back("gitfs.source", source);
    out.resource.emplace_back("gitfs.mountpoint", mounted.mountpoint.string());
  }
  out.resource.insert(out.resource.end(), options.resource.begin(), options.resource.end());
  return out;
}

// Short, since one thread serves all who ask.
constexpr std::chrono::seconds answer_limit{1};

metric build_info() {
  metric out;
  out.name = "build_info";
  out.help = "The version of gitfs-actor, in a label; always 1";
  out.unit = "1";
  out.kind = metric::kind_type::gauge;
  out.labelled = {{{{"version", std::string{version}}}, 1}};
  return out;
}

// Of a mount that can show nothing else the commit is known from its beginning; all others have a catalog that knows.
mount_status about_mount(const mount_options& options, const mount_context& context) {
  mount_status out = status_of(options);
  const auto root = context.inodes.location_of(root_slot);
  if (out.entries.size() == 1 && root && root->shown) {
    out.entries.front().commit = root->shown->facts.commit.hex();
    out.entries.front().shown = root->shown->facts.ref;
  }
  return out;
}

// Names of entries go to who asks here, and to no collector.
metrics_server::pages pages_of(const std::shared_ptr<mount_context>& context, const mount_options& options) {
  const auto ask = [supervisor = context->supervisor.address(), about = about_mount(options, *context)] {
    return ask_status(supervisor, about, answer_limit);
  };
  metrics_server::pages out;
  out.metrics = [context, ask] {
    auto all = read_metrics(*context);
    all.push_back(build_info());
    if (const auto status = ask())
      for (metric& each : entry_metrics(*status, std::time(nullptr)))
        all.push_back(std::move(each));
    return prometheus_text(all);
  };
  out.is_well = [ask] { return ask().has_value(); };
  return out;
}

} // namespace

struct telemetry::state final : telemetry_source {
  state(std::shared_ptr<mount_context> c, const telemetry_options& o, bool paths)
    : context(std::move(c)),
      ids(o.sampled) {
    if (!makes_spans(o) || trace::ring() == nullptr)
      return;
    builder.emplace(ids, trace::ring_header().started, paths); // 5 MB
    tail.emplace(*trace::ring());
  }

  void spans(std::vector<span>& out, bool last) override {
    if (!tail)
      return;
    const std::uint64_t order = trace::last_order();
    for (const trace::record& each : tail->read(trace::ring_time(), last))
      builder->take(each, out);
    if (last)
      builder->finish(trace::ring_time(), out);
    context->counts.add(counter::telemetry_lost_records, tail->take_lost(order, last));
    context->counts.add(counter::telemetry_dropped_spans, builder->take_dropped());
  }

  std::vector<metric> metrics() override { return read_metrics(*context); }

  void counted(const otlp_counts& of_spans, const otlp_counts& of_metrics) override {
    counters& counts = context->counts;
    counts.add(counter::telemetry_sent_spans, of_spans.sent);
    counts.add(counter::telemetry_dropped_spans, of_spans.dropped);
    counts.add(counter::telemetry_dropped_metrics, of_metrics.dropped);
    counts.add(counter::telemetry_failed_requests, of_spans.failed_requests + of_metrics.failed_requests);
  }

  const std::shared_ptr<mount_context> context;
  const span_ids ids;
  std::optional<span_builder> builder; // with the tail
  std::optional<trace::ring_tail> tail;
  std::unique_ptr<metrics_server> server;
  std::optional<otlp_exporter> exporter;
};

bool telemetry::wants_records(const mount_options& options) {
  std::vector<std::string> warnings;
  return makes_spans(options_of(options, warnings));
}

result<std::unique_ptr<telemetry>> telemetry::start(const mount_options& options,
                                                    const std::shared_ptr<mount_context>& context,
                                                    const std::string& source) {
  std::vector<std::string> warnings;
  const telemetry_options chosen = options_of(options, warnings);
  for (const std::string& each : warnings)
    log::warn("telemetry: {}", each);
  auto made = std::make_unique<state>(context, chosen, options.telemetry.paths);
  if (options.telemetry.listen) {
    GITFS_TRY(server, metrics_server::start(*options.telemetry.listen, pages_of(context, options)));
    log::info("metrics for Prometheus on {}", server->address());
    made->server = std::move(server);
  }
  if (chosen.sends())
    made->exporter.emplace(chosen, sender_of(chosen, options, source), *made);
  if (options.telemetry.propagate && chosen.sends())
    context->traceparent = [ids = made->ids](std::uint64_t begun, std::uint64_t root) {
      return ids.traceparent(begun, root);
    };
  return std::unique_ptr<telemetry>{new telemetry{std::move(made)}};
}

telemetry::telemetry(std::unique_ptr<state> impl) : impl_(std::move(impl)) {}

telemetry::~telemetry() {
  impl_->server.reset();
  if (!impl_->exporter)
    return;
  impl_->exporter->stop(flush_limit);
  const counters& counts = impl_->context->counts;
  if (const auto dropped = counts.value(counter::telemetry_dropped_spans); dropped != 0)
    log::info("telemetry: {} spans were not delivered", dropped);
}

} // namespace gitfs
