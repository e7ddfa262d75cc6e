// What of OTLP's JSON no mount makes by itself. That collectors understand it is in mount/telemetry_test.cpp.
#include "backend/telemetry/otlp_json.hpp"
#include "backend/telemetry/prometheus_text.hpp"

#include <boost/test/unit_test.hpp>
#include <rapidjson/document.h>

#include <string>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(otlp_json)

BOOST_AUTO_TEST_CASE(names_may_be_any_bytes_and_json_is_utf8) {
  const std::string mark = "\xef\xbf\xbd";
  BOOST_TEST(valid_utf8("") == "");
  BOOST_TEST(valid_utf8("plain \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80")
             == "plain \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80");
  BOOST_TEST(valid_utf8("a\xff"
                        "b")
             == "a" + mark + "b");
  BOOST_TEST(valid_utf8("\xc3") == mark);                                  // cut off
  BOOST_TEST(valid_utf8("\xc0\xaf") == mark + mark);                       // too long a form
  BOOST_TEST(valid_utf8("\xed\xa0\x80") == mark + mark + mark);            // a surrogate
  BOOST_TEST(valid_utf8("\xf4\x90\x80\x80") == mark + mark + mark + mark); // beyond Unicode

  span s;
  s.name = "lookup";
  s.attributes.emplace_back("gitfs.name", std::string("\xff\"\\\n\x01", 5));
  rapidjson::Document parsed;
  const std::string text = otlp_traces({{{"service.name", "x"}}, "1"}, {&s, 1});
  parsed.Parse<rapidjson::kParseValidateEncodingFlag>(text.c_str());
  BOOST_REQUIRE(!parsed.HasParseError());
  BOOST_TEST(text.find("\"" + mark + "\\\"\\\\\\n\\u0001\"") != std::string::npos, text);
}

BOOST_AUTO_TEST_CASE(what_a_collector_says_that_it_has_not_taken) {
  BOOST_TEST(otlp_rejected("") == 0U);
  BOOST_TEST(otlp_rejected("{}") == 0U);
  BOOST_TEST(otlp_rejected("[]") == 0U);
  BOOST_TEST(otlp_rejected("not json") == 0U);
  BOOST_TEST(otlp_rejected(R"({"partialSuccess":null})") == 0U);
  BOOST_TEST(otlp_rejected(R"({"partialSuccess":{}})") == 0U);
  BOOST_TEST(otlp_rejected(R"({"partialSuccess":{"rejectedSpans":"7"}})") == 7U);
  BOOST_TEST(otlp_rejected(R"({"partialSuccess":{"rejectedDataPoints":7}})") == 7U);
  BOOST_TEST(otlp_rejected(R"({"partialSuccess":{"rejectedSpans":[]}})") == 0U);
  BOOST_TEST(otlp_rejected(std::string(100'000, '[')) == 0U);
}

BOOST_AUTO_TEST_CASE(prometheus_names_and_buckets) {
  metric bytes{.name = "upstream.bytes", .help = "h", .unit = "By", .value = 5, .bounds = {}, .points = {}};
  metric live{.name = "directories.live",
              .help = "h",
              .unit = "1",
              .kind = metric::kind_type::gauge,
              .value = 2,
              .bounds = {},
              .points = {}};
  metric took{.name = "kernel.request.duration",
              .help = "h",
              .unit = "s",
              .kind = metric::kind_type::histogram,
              .value = 0,
              .bounds = {0.5, 1},
              .points = {{"read", {1, 2, 3}, 4.5}}};
  BOOST_TEST(prometheus_text(std::vector{bytes, live, took})
             == "# HELP gitfs_upstream_bytes_total h\n# TYPE gitfs_upstream_bytes_total counter\n"
                "gitfs_upstream_bytes_total 5\n"
                "# HELP gitfs_directories_live h\n# TYPE gitfs_directories_live gauge\ngitfs_directories_live 2\n"
                "# HELP gitfs_kernel_request_duration_seconds h\n"
                "# TYPE gitfs_kernel_request_duration_seconds histogram\n"
                "gitfs_kernel_request_duration_seconds_bucket{op=\"read\",le=\"0.5\"} 1\n"
                "gitfs_kernel_request_duration_seconds_bucket{op=\"read\",le=\"1\"} 3\n"
                "gitfs_kernel_request_duration_seconds_bucket{op=\"read\",le=\"+Inf\"} 6\n"
                "gitfs_kernel_request_duration_seconds_sum{op=\"read\"} 4.5\n"
                "gitfs_kernel_request_duration_seconds_count{op=\"read\"} 6\n");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
