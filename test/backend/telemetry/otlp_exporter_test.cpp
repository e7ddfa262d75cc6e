// Bringing spans to collectors: what is sent and what is dropped is all that there was, whatever the collectors do.
#include "backend/telemetry/otlp_exporter.hpp"

#include "test/support/background.hpp"
#include "test/support/fault_server.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <string>
#include <vector>

namespace gitfs::test {

namespace otlp_exporter {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t batch = 512;

// As many spans as the test says, all with the next call.
class given_spans final : public telemetry_source {
public:
  void spans(std::vector<span>& out, bool) override {
    for (std::size_t n = waiting.exchange(0); n > 0; --n) {
      span s;
      s.name = "lookup";
      out.push_back(s);
    }
  }
  std::vector<metric> metrics() override {
    return {{.name = "a", .help = "h", .unit = "1", .value = 1, .bounds = {}, .points = {}}};
  }
  void counted(const otlp_counts& of_spans, const otlp_counts& of_metrics) override {
    sent += of_spans.sent;
    dropped += of_spans.dropped;
    failed += of_spans.failed_requests;
    metrics_sent += of_metrics.sent;
  }

  std::atomic<std::size_t> waiting{0};
  std::atomic<std::uint64_t> sent{0}, dropped{0}, failed{0}, metrics_sent{0};
};

struct collected {
  temp_dir dir;
  fault_server collector{dir.path()};
  given_spans source;
  telemetry_options options;

  collected() {
    options.span_delay = 20ms;
    options.metric_interval = 1h;
    collector.otherwise(answer(200));
    add(collector);
  }
  void add(const fault_server& to) { options.traces.push_back({.url = "http://" + to.host() + "/v1/traces"}); }
  static fault answer(int status, const std::string& body = "{}") {
    return [status, body](fault_exchange& e) { e.reply(status, {"Content-Type: application/json"}, body); };
  }
  static void hang(fault_exchange& e) { e.wait_for_close(5min); }
  otlp_sender sender() const { return {{{"service.name", "test"}}, "1"}; }
};

} // namespace

} // namespace otlp_exporter

BOOST_FIXTURE_TEST_SUITE(otlp_exporter, otlp_exporter::collected)

BOOST_AUTO_TEST_CASE(batches_by_number_and_by_age) {
  gitfs::otlp_exporter exporter{options, sender(), source};
  source.waiting = 2 * batch + 3;
  BOOST_TEST(eventually([&] { return source.sent == 2 * batch + 3; }));
  BOOST_TEST(collector.requests().size() == 3U);
  source.waiting = 1;
  BOOST_TEST(eventually([&] { return source.sent == 2 * batch + 4; }));
  BOOST_TEST(source.dropped == 0U);
}

BOOST_AUTO_TEST_CASE(nothing_is_sent_of_nothing) {
  gitfs::otlp_exporter exporter{options, sender(), source};
  pause_for(500ms);
  exporter.stop(1s);
  BOOST_TEST(collector.connections() == 0U);
}

BOOST_AUTO_TEST_CASE(the_end_sends_what_there_is) {
  options.span_delay = 1h;
  options.metrics.push_back({.url = "http://" + collector.host() + "/v1/metrics"});
  gitfs::otlp_exporter exporter{options, sender(), source};
  source.waiting = 7;
  pause_for(300ms);
  BOOST_TEST(collector.requests().empty());
  exporter.stop(20s);
  BOOST_TEST(source.sent == 7U);
  BOOST_TEST(source.metrics_sent == 1U);
}

BOOST_AUTO_TEST_CASE(whatever_the_collector_says_all_is_sent_or_counted_as_dropped) {
  for (const int status : {503, 400, 429, 200, 500, 502, 301, 200, 504, 404, 413})
    collector.next_post(answer(status));
  collector.next_post([](fault_exchange& e) { e.close(); });
  collector.next_post([](fault_exchange& e) {
    e.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{");
    e.close();
  });
  collector.next_post([](fault_exchange& e) {
    e.send("this is not HTTP\r\n\r\n");
    e.close();
  });
  collector.next_post(answer(200, R"({"partialSuccess":{"rejectedSpans":"100"}})"));
  collector.next_post(answer(200, R"({"partialSuccess":{"rejectedSpans":"100000"}})"));
  collector.next_post(answer(200, std::string(1'000'000, '[')));
  gitfs::otlp_exporter exporter{options, sender(), source};
  std::size_t all = 0;
  for (int i = 0; i < 20; ++i) {
    source.waiting = batch;
    all += batch;
    BOOST_TEST(eventually([&] { return source.waiting == 0; }));
  }
  BOOST_TEST(eventually([&] { return source.sent + source.dropped == all; }));
  exporter.stop(20s);
  BOOST_TEST(source.sent + source.dropped == all);
  BOOST_TEST(source.sent > 0U);
  BOOST_TEST(source.dropped >= 6 * batch); // 400, 500, 301, 404, 413, and those refused
}

BOOST_AUTO_TEST_CASE(one_that_hangs_holds_up_no_other_and_is_given_a_bound) {
  fault_server slow{dir.path()};
  slow.otherwise(hang);
  add(slow);
  options.traces.back().timeout = 10min; // asked once
  constexpr std::size_t all = 60 * batch;
  {
    gitfs::otlp_exporter exporter{options, sender(), source};
    for (std::size_t i = 0; i < 60; ++i) {
      const std::uint64_t before = source.sent;
      source.waiting = batch;
      BOOST_TEST(eventually([&] { return source.sent == before + batch; }));
    }
    // It keeps what fits, the newest do not.
    BOOST_TEST(source.dropped >= all - (otlp_outbox::most_bodies + 1) * batch);
    BOOST_TEST(slow.requests().size() == 1U);
    exporter.stop(500ms);
  }
  BOOST_TEST(source.sent == all);
  BOOST_TEST(source.dropped == all);
}

BOOST_AUTO_TEST_CASE(one_that_hangs_is_asked_again_after_the_timeout) {
  options.traces.front().timeout = 200ms;
  collector.next_post(hang);
  gitfs::otlp_exporter exporter{options, sender(), source};
  source.waiting = 1;
  BOOST_TEST(eventually([&] { return source.sent == 1U; }));
  BOOST_TEST(source.failed >= 1U); // a busy machine may answer later than that once more
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
