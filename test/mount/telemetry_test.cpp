// What real mounts tell collectors and Prometheus, and that nothing but telemetry suffers where these fail.
#include "actors/trace/read/trace_reader.hpp"

#include "test/mount/shared.hpp"
#include "test/support/background.hpp"
#include "test/support/command.hpp"
#include "test/support/config_text.hpp"
#include "test/support/fault_server.hpp"
#include "test/support/git_server.hpp"
#include "test/support/mount.hpp"
#include "test/support/outcome.hpp"
#include "test/support/scratch_repository.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace gitfs::test {

namespace telemetry {

namespace {

using words = std::vector<std::string>;

struct seen_span {
  std::string trace, id, parent, name, kind, link, status, attributes, resource;
  std::uint64_t begin = 0, end = 0;
};

void answer_ok(fault_exchange& e) {
  e.reply(200, {"Content-Type: application/json"}, "{}");
}

fault status(int code, const words& headers = {}) {
  return [code, headers](fault_exchange& e) { e.reply(code, headers, ""); };
}

void hang(fault_exchange& e) {
  e.wait_for_close(std::chrono::minutes{5});
}

std::string script(const char* name) {
  const char* source = std::getenv("GITFS_SOURCE_DIR");
  if (source == nullptr)
    throw std::runtime_error("GITFS_SOURCE_DIR is not set: run the tests with ctest");
  return shell_quoted(std::string{source}.append("/test/telemetry/").append(name));
}

struct served {
  scratch_repository repository{"for a in 1 2 3; do mkdir a-folder-$a; echo text $a >a-folder-$a/a-file; done"};
  git_server server{repository.root()};
  temp_dir dir;
  fault_server collector{dir.path()};
  // So short that a test need not wait long; what the machine that runs the tests has set is not for them.
  scoped_env delay{"OTEL_BSP_SCHEDULE_DELAY", "50"};
  scoped_env interval{"OTEL_METRIC_EXPORT_INTERVAL", "50"};
  scoped_env endpoint{"OTEL_EXPORTER_OTLP_ENDPOINT", nullptr};
  scoped_env headers{"OTEL_EXPORTER_OTLP_HEADERS", nullptr};

  served() { collector.otherwise(answer_ok); }

  std::string url() const { return server.url("scratch.git"); }
  words to_collector(words more = {}) const {
    more.insert(more.end(), {"--otlp-endpoint", "http://" + collector.host()});
    return more;
  }

  static void use(const mount& m) {
    must_run("cat a-folder-1/a-file a-folder-2/a-file; ls -l a-folder-3; ls no-such-name 2>/dev/null || true",
             m.path());
  }

  words bodies(const std::string& target) const {
    words out;
    for (const recorded_request& each : collector.requests())
      if (each.target == target)
        out.push_back(each.body);
    return out;
  }

  // What OpenTelemetry's own code understands of them.
  std::string understood(const words& some) const {
    std::string line = "node " + script("check_otlp.js");
    for (std::size_t i = 0; i < some.size(); ++i) {
      const auto file = dir / ("body" + std::to_string(i));
      std::ofstream{file} << some[i];
      line += " " + shell_quoted(file);
    }
    return must_run(line);
  }

  std::vector<seen_span> spans() const {
    std::vector<seen_span> out;
    std::istringstream lines{understood(bodies("/v1/traces"))};
    for (std::string line; std::getline(lines, line);) {
      std::vector<std::string> f(1);
      for (const char c : line)
        if (c == '\t')
          f.emplace_back();
        else
          f.back() += c;
      BOOST_REQUIRE_MESSAGE(f.size() == 12U && f[0] == "span", line);
      out.push_back({f[1], f[2], f[3], f[4], f[5], f[8], f[9], f[10], f[11], std::stoull(f[6]), std::stoull(f[7])});
    }
    return out;
  }
};

bool holds(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::size_t count_in(const std::string& text, std::string_view part) {
  std::size_t out = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++out;
  return out;
}

// By trace: exactly one span without a parent, and the parents of all others are there.
std::map<std::string, std::vector<seen_span>> trees(const std::vector<seen_span>& spans) {
  std::map<std::string, std::vector<seen_span>> out;
  std::set<std::string> ids;
  for (const seen_span& each : spans) {
    BOOST_TEST(ids.insert(each.id).second, "twice: " << each.id);
    BOOST_TEST(each.begin <= each.end, each.name);
    out[each.trace].push_back(each);
  }
  for (const auto& [trace, members] : out) {
    const auto roots = std::ranges::count_if(members, [](const seen_span& s) { return s.parent.empty(); });
    BOOST_TEST(roots == 1, trace << " has " << roots << " roots");
    for (const seen_span& each : members)
      if (!each.parent.empty())
        BOOST_TEST(std::ranges::any_of(members, [&](const seen_span& s) { return s.id == each.parent; }), each.name);
  }
  return out;
}

std::size_t requests_in(const std::filesystem::path& file) {
  auto read = trace::read_file(file);
  BOOST_REQUIRE_MESSAGE(read, reason_of(read));
  return static_cast<std::size_t>(
      std::ranges::count(read.value().in.records, trace::kind::kernel_request, &trace::record::what));
}

} // namespace

} // namespace telemetry

BOOST_FIXTURE_TEST_SUITE(telemetry, telemetry::served)

BOOST_AUTO_TEST_CASE(a_tree_for_each_request) {
  const auto recorded = dir / "trace";
  {
    const mount m{url(), to_collector({"--trace", recorded})};
    use(m);
    BOOST_TEST(m.counter("telemetry.lost_records") == 0U);
    BOOST_TEST(m.counter("telemetry.dropped_spans") == 0U);
  }
  const auto all = spans();
  const auto of_trace = trees(all);
  // Nothing is missing: as many as the mount has recorded itself.
  const auto whole = std::ranges::count(all, "2", &seen_span::kind);
  BOOST_TEST(static_cast<std::size_t>(whole) == requests_in(recorded));

  bool waited = false;
  bool fetched = false;
  for (const auto& [trace, members] : of_trace)
    for (const seen_span& each : members) {
      BOOST_TEST(holds(each.resource, "service.name=gitfs-actor"), each.resource);
      if (each.kind == "3")
        BOOST_TEST(holds(each.attributes, "gitfs.objects="), each.attributes);
      const auto& root = *std::ranges::find(members, "", &seen_span::parent);
      fetched = fetched || (each.kind == "3" && root.kind == "2");
      if (each.name != "wait")
        continue;
      waited = true;
      BOOST_TEST(root.begin <= each.begin);
      BOOST_TEST(each.end == root.end);
    }
  BOOST_TEST(waited);
  BOOST_TEST(fetched);
}

BOOST_AUTO_TEST_CASE(no_names_but_where_asked_for) {
  const auto sent = [&](const words& options) {
    {
      const mount m{url(), to_collector(options)};
      use(m);
    }
    std::string out;
    for (const std::string& each : bodies("/v1/traces"))
      out += each;
    return out;
  };
  const std::string without = sent({});
  BOOST_TEST(without.size() > 100U);
  for (const char* secret : {"a-folder", "a-file", "no-such-name", "scratch.git", "/mnt"})
    BOOST_TEST(!holds(without, secret), secret);
  const std::string with = sent({"--otlp-paths"});
  for (const char* name : {"/a-folder-1", "a-file", "no-such-name", "scratch.git"})
    BOOST_TEST(holds(with, name), name);
  trees(spans());
}

BOOST_AUTO_TEST_CASE(nothing_is_sent_where_no_collector_is_named) {
  const scoped_env service{"OTEL_SERVICE_NAME", "x"};
  const mount m{url(), {}};
  use(m);
  const std::string threads = must_run("cat /proc/" + std::to_string(m.pid()) + "/task/*/comm");
  BOOST_TEST(holds(threads, "fuse_worker"), threads);
  BOOST_TEST(!holds(threads, "telemetry"), threads);
  BOOST_TEST(!holds(threads, "metrics"), threads);
  BOOST_TEST(collector.connections() == 0U);
}

BOOST_AUTO_TEST_CASE(variables_name_a_collector_and_another_protocol_is_refused_in_words) {
  const scoped_env to{"OTEL_EXPORTER_OTLP_ENDPOINT", ("http://" + collector.host() + "/base").c_str()};
  {
    const mount m{url(), {}};
    use(m);
  }
  BOOST_TEST(!bodies("/base/v1/traces").empty());
  BOOST_TEST(!bodies("/base/v1/metrics").empty());
  const std::size_t before = collector.requests().size();
  const scoped_env protocol{"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"};
  mount m{url(), {}};
  use(m);
  BOOST_TEST(holds(m.log(), "only http/json is spoken here"), m.log());
  m.unmount();
  BOOST_TEST(collector.requests().size() == before);
}

BOOST_AUTO_TEST_CASE(several_collectors_with_headers_and_without_a_secret_in_the_log) {
  fault_server other{dir.path()};
  other.otherwise(status(401));
  const scoped_env compression{"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"};
  mount m{url(),
          {"--otlp-endpoint", "http://user:s3cret@" + collector.host() + "/?key=s3cret", "--otlp-endpoint",
           "http://user:s3cret@" + other.host() + "/?key=s3cret", "--otlp-header", "x-key=s3cret"}};
  use(m);
  BOOST_TEST(eventually([&] { return !other.requests().empty() && !collector.requests().empty(); }));
  const std::string process = must_run("tr '\\0' ' ' </proc/" + std::to_string(m.pid()) + "/cmdline");
  BOOST_TEST(holds(process, "--otlp-header"), process);
  BOOST_TEST(!holds(process, "s3cret"), process);
  m.unmount();
  for (const fault_server* each : {&collector, &other})
    for (recorded_request request : each->requests()) {
      BOOST_TEST(request.headers["x-key"] == "s3cret");
      BOOST_TEST(request.headers["authorization"] == "Basic dXNlcjpzM2NyZXQ=");
      BOOST_TEST(request.headers["content-type"] == "application/json");
      BOOST_TEST(request.headers["content-encoding"] == "gzip");
      BOOST_TEST(request.body.starts_with("\x1f\x8b"));
    }
  BOOST_TEST(holds(m.log(), "HTTP status 401"), m.log());
  BOOST_TEST(!holds(m.log(), "s3cret"), m.log());
}

BOOST_AUTO_TEST_CASE(a_collector_that_is_down) {
  std::string nobody;
  {
    fault_server gone{dir.path()};
    nobody = gone.host();
  }
  mount m{url(), {"--otlp-endpoint", "http://" + nobody}};
  use(m);
  BOOST_TEST(eventually([&] { return m.counter("telemetry.failed_requests") >= 2U; }));
  BOOST_TEST(m.counter("telemetry.sent_spans") == 0U);
  m.unmount();
  BOOST_TEST(count_in(m.log(), "telemetry is not delivered") <= 2U, m.log()); // spans, metrics: not each time
  BOOST_TEST(holds(m.log(), "spans were not delivered"), m.log());
}

BOOST_AUTO_TEST_CASE(a_collector_that_hangs_holds_up_neither_the_mount_nor_its_end) {
  collector.otherwise(hang);
  mount m{url(), to_collector()};
  use(m);
  BOOST_TEST(eventually([&] { return collector.connections() > 0; }));
  for (int i = 0; i < 20; ++i)
    use(m);
  m.unmount();
  BOOST_TEST(holds(m.log(), "spans were not delivered"), m.log());
}

BOOST_AUTO_TEST_CASE(a_refusal_is_final_and_counted) {
  collector.otherwise(status(400));
  mount m{url(), to_collector()};
  use(m);
  BOOST_TEST(eventually([&] { return m.counter("telemetry.dropped_spans") > 0; }));
  BOOST_TEST(m.counter("telemetry.sent_spans") == 0U);
  m.unmount();
  const words sent = bodies("/v1/traces");
  BOOST_TEST((std::set<std::string>{sent.begin(), sent.end()}.size() == sent.size())); // none twice
  BOOST_TEST(holds(m.log(), "HTTP status 400"), m.log());
}

BOOST_AUTO_TEST_CASE(unavailable_and_back_again_loses_nothing) {
  const auto recorded = dir / "trace";
  {
    const scoped_env no_metrics{"OTEL_METRICS_EXPORTER", "none"};
    collector.next_post(status(503));
    collector.next_post(status(429, {"Retry-After: 1"}));
    const mount m{url(), to_collector({"--trace", recorded})};
    use(m);
    BOOST_TEST(eventually([&] { return m.counter("telemetry.sent_spans") > 0; }));
    BOOST_TEST(m.counter("telemetry.failed_requests") == 2U);
    BOOST_TEST(m.counter("telemetry.dropped_spans") == 0U);
  }
  words sent = bodies("/v1/traces");
  BOOST_REQUIRE(sent.size() >= 3U);
  BOOST_TEST(sent[0] == sent[1]);
  BOOST_TEST(sent[1] == sent[2]);
  std::map<std::string, seen_span> by_id;
  for (seen_span& each : spans())
    by_id[each.id] = each;
  const auto whole = std::ranges::count_if(by_id, [](const auto& each) { return each.second.kind == "2"; });
  BOOST_TEST(static_cast<std::size_t>(whole) == requests_in(recorded));
}

BOOST_AUTO_TEST_CASE(what_a_collector_has_refused_of_a_batch_is_counted) {
  const scoped_env no_metrics{"OTEL_METRICS_EXPORTER", "none"};
  collector.next_post([](fault_exchange& e) {
    e.reply(200, {"Content-Type: application/json"}, R"({"partialSuccess":{"rejectedSpans":"1","errorMessage":"no"}})");
  });
  const mount m{url(), to_collector()};
  use(m);
  BOOST_TEST(eventually([&] { return m.counter("telemetry.dropped_spans") == 1U; }));
}

BOOST_AUTO_TEST_CASE(a_redirect_is_not_followed) {
  fault_server elsewhere{dir.path()};
  elsewhere.otherwise(answer_ok);
  collector.otherwise(status(307, {"Location: http://" + elsewhere.host() + "/v1/traces"}));
  {
    const mount m{url(), to_collector({"--otlp-header", "x-key=s3cret"})};
    use(m);
  }
  BOOST_TEST(!collector.requests().empty());
  BOOST_TEST(elsewhere.connections() == 0U);
}

BOOST_AUTO_TEST_CASE(sampling) {
  const scoped_env sampler{"OTEL_TRACES_SAMPLER", "always_off"};
  {
    const mount m{url(), to_collector()};
    use(m);
  }
  BOOST_TEST(bodies("/v1/traces").empty());
  BOOST_TEST(!bodies("/v1/metrics").empty());
}

BOOST_AUTO_TEST_CASE(metrics_for_collectors) {
  {
    const mount m{url(), to_collector()};
    use(m);
  }
  const words sent = bodies("/v1/metrics");
  BOOST_REQUIRE(!sent.empty());
  const std::string read = understood({sent.back()});
  for (const char* each :
       {"point\tgitfs.kernel.lookup\t1\tsum\t", "point\tgitfs.directories.live\t1\tgauge\t",
        "point\tgitfs.memory.blobs\tBy\tgauge\t", "point\tgitfs.kernel.request.duration\ts\thistogram\t"})
    BOOST_TEST(holds(read, each), each << " in " << read);
  BOOST_TEST(holds(read, "op=lookup"), read);
  understood(sent);
}

BOOST_AUTO_TEST_CASE(the_git_server_learns_of_spans_only_where_asked_for) {
  fault_server git{repository.root()};
  must_run("git config uploadpack.allowFilter true", repository.bare()); // else all comes with the mount
  const auto parents = [&](const words& options) {
    const std::size_t before = git.requests().size();
    {
      const mount m{git.url("scratch.git"), to_collector(options)};
      use(m);
    }
    std::vector<std::string> out;
    const auto all = git.requests();
    for (std::size_t i = before; i < all.size(); ++i)
      if (const auto at = all[i].headers.find("traceparent"); at != all[i].headers.end())
        out.push_back(at->second);
    return out;
  };
  BOOST_TEST(parents({}).empty());
  const auto told = parents({"--otlp-propagate"});
  BOOST_TEST(!told.empty());
  const auto all = spans();
  for (const std::string& each : told) {
    BOOST_TEST(each.starts_with("00-"), each);
    BOOST_TEST(each.ends_with("-01"), each);
    const auto of = std::ranges::find(all, each.substr(36, 16), &seen_span::id);
    BOOST_REQUIRE_MESSAGE(of != all.end(), each);
    BOOST_TEST(of->trace == each.substr(3, 32));
    BOOST_TEST(of->kind == "3");
  }
}

BOOST_AUTO_TEST_CASE(metrics_for_prometheus) {
  const std::string socket = dir / "metrics.sock";
  const std::string ask = "curl -sS --fail --unix-socket " + shell_quoted(socket) + " http://mount/metrics";
  {
    const mount m{url(), {"--metrics-listen", "unix:" + socket}};
    use(m);
    const std::string read = must_run(ask + " | " + script("check_prometheus"));
    for (const char* each :
         {"gitfs_kernel_lookup_total - ", "gitfs_kernel_request_duration_seconds_bucket le=+Inf,op=lookup ",
          "gitfs_kernel_request_duration_seconds_sum op=lookup ", "gitfs_directories_live - ",
          "gitfs_upstream_bytes_total - ", "gitfs_memory_blobs_bytes - "})
      BOOST_TEST(holds(read, each), each << " in " << read);
    BOOST_TEST(must_run("stat -c %a " + shell_quoted(socket)) == "600");
    const auto second = run_program({"mount", "--metrics-listen", "unix:" + socket, url(), dir / "other"});
    BOOST_TEST(second.status == 1, second.output);
    BOOST_TEST(holds(second.output, "somebody listens on"), second.output);
    BOOST_TEST(!is_mounted(dir / "other"));
    const auto open_to_all = run_program({"mount", "--metrics-listen", "0.0.0.0:9090", url(), dir / "other"});
    BOOST_TEST(open_to_all.status != 0);
    BOOST_TEST(holds(open_to_all.output, "on this machine only"), open_to_all.output);
  }
  BOOST_TEST(!std::filesystem::exists(socket));
}

BOOST_AUTO_TEST_CASE(metrics_of_each_entry_and_of_the_build) {
  const std::string socket = dir / "metrics.sock";
  const std::string ask = "curl -sS --fail --unix-socket " + shell_quoted(socket) + " http://mount";
  const auto samples = [&] { return must_run(ask + "/metrics | " + script("check_prometheus")); };
  {
    const mount m{mount_plan{.options = {"--metrics-listen", "unix:" + socket},
                             .config = config_text({{"good", repository_entry(url(), "", R"("follow": "1h")")},
                                                    {"pinned", repository_entry(url())},
                                                    {R"(a \"b\")", repository_entry(url(), "no-such")}})}};
    BOOST_TEST(failure_of(m / R"(a "b"/x)") == ENOENT);
    must_run("ls good pinned", m.path());
    const std::string read = samples();
    for (const char* each :
         {"gitfs_build_info version=", "gitfs_entry_failed path=/good 0.0", R"(gitfs_entry_failed path=/a "b" 1.0)",
          "gitfs_entry_info commit=", "path=/good,ref=refs/heads/main,source=http://127.0.0.1",
          "gitfs_entry_since_look_seconds path=/good "})
      BOOST_TEST(holds(read, each), each << " in " << read);
    BOOST_TEST(!holds(read, "gitfs_entry_since_look_seconds path=/pinned"), read);
    BOOST_TEST(must_run(ask + "/healthz") == "ok");
  }
  const mount plain{url(), {"--metrics-listen", "unix:" + socket}};
  const std::string read = samples();
  BOOST_TEST(holds(read, "path=/,ref=refs/heads/main,source=http://127.0.0.1"), read);
  BOOST_TEST(holds(read, "gitfs_entry_failed path=/ 0.0"), read);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
