// Where telemetry goes, by flags and by the variables of OpenTelemetry.
#include "config/telemetry_options.hpp"

#include "cli/arguments/command_line.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <map>
#include <ostream>
#include <string>
#include <vector>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(telemetry_options)

namespace {

using variables = std::map<std::string, std::string>;

struct read_result {
  gitfs::telemetry_options options;
  std::vector<std::string> warnings;
};

read_result read(const variables& set, const telemetry_flags& flags = {}) {
  read_result out;
  const auto look = [&](const char* name) {
    const auto at = set.find(name);
    return at == set.end() ? nullptr : at->second.c_str();
  };
  out.options = read_telemetry(flags, look, out.warnings);
  return out;
}

telemetry_flags to(const std::vector<std::string>& urls) {
  telemetry_flags out;
  for (const std::string& each : urls)
    BOOST_REQUIRE(add_endpoint(out, each));
  return out;
}

std::string headers(const otlp_target& target) {
  std::string out;
  for (const auto& [name, value] : target.headers)
    out.append(name).append("=").append(value).append(";");
  return out;
}

struct warned {
  std::string name, value;
  std::string part; ///< of the warning
};

std::ostream& operator<<(std::ostream& out, const warned& w) {
  return out << w.name << '=' << w.value;
}

const std::vector<warned> mistakes{
    {"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "only http/json is spoken"},
    {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf", "only http/json is spoken"},
    {"OTEL_EXPORTER_OTLP_HEADERS", "s3cret", "no headers are sent"},
    {"OTEL_EXPORTER_OTLP_HEADERS", "a=s3cret%0d%0ab: c", "no headers are sent"},
    {"OTEL_EXPORTER_OTLP_TIMEOUT", "10s", "not a number of milliseconds"},
    {"OTEL_EXPORTER_OTLP_COMPRESSION", "zstd", "not known here"},
    {"OTEL_RESOURCE_ATTRIBUTES", "what", "not of the form"},
    {"OTEL_TRACES_SAMPLER", "jaeger_remote", "not known here"},
    {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "collector:4317", "http://"},
    {"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://u:s3cret@", "names no host"},
    {"OTEL_METRICS_EXPORTER", "prometheus", "only otlp and none"},
};

} // namespace

BOOST_AUTO_TEST_CASE(nothing_is_sent_where_no_url_is_named) {
  const auto done =
      read({{"OTEL_SERVICE_NAME", "a"}, {"OTEL_EXPORTER_OTLP_HEADERS", "a=b"}, {"OTEL_TRACES_SAMPLER", "x"}});
  BOOST_TEST(!done.options.sends());
  BOOST_TEST(done.warnings.empty());
}

BOOST_AUTO_TEST_CASE(a_url_for_all_signals_is_a_base_and_one_for_a_signal_is_not) {
  const auto base = read({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318/x/"}}).options;
  BOOST_REQUIRE(base.traces.size() == 1U);
  BOOST_REQUIRE(base.metrics.size() == 1U);
  BOOST_TEST(base.traces[0].url == "http://c:4318/x/v1/traces");
  BOOST_TEST(base.metrics[0].url == "http://c:4318/x/v1/metrics");
  const auto own = read({{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://c/in?key=1"}}).options;
  BOOST_REQUIRE(own.traces.size() == 1U);
  BOOST_TEST(own.traces[0].url == "https://c/in?key=1");
  BOOST_TEST(own.metrics.empty());
}

BOOST_AUTO_TEST_CASE(flags_go_before_variables) {
  telemetry_flags flags = to({"http://a", "http://b?key=1"});
  BOOST_REQUIRE(add_header(flags, "x=1=2"));
  const auto done = read({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"},
                          {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://d"},
                          {"OTEL_EXPORTER_OTLP_HEADERS", "y=2"},
                          {"OTEL_EXPORTER_OTLP_TIMEOUT", "250"}},
                         flags)
                        .options;
  BOOST_REQUIRE(done.traces.size() == 2U);
  BOOST_TEST(done.traces[0].url == "http://a/v1/traces");
  BOOST_TEST(done.traces[1].url == "http://b/v1/traces?key=1");
  BOOST_TEST(done.metrics[1].url == "http://b/v1/metrics?key=1");
  BOOST_TEST(headers(done.traces[0]) == "x=1=2;");
  BOOST_TEST(done.metrics[0].timeout.count() == 250);
}

BOOST_AUTO_TEST_CASE(variables_of_a_signal_go_before_those_for_all) {
  const auto done = read({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"},
                          {"OTEL_EXPORTER_OTLP_HEADERS", "a=1, b = two%20words "},
                          {"OTEL_EXPORTER_OTLP_METRICS_HEADERS", "m=3"},
                          {"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"},
                          {"OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", "none"},
                          {"OTEL_EXPORTER_OTLP_CERTIFICATE", "/ca"},
                          {"OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"}});
  BOOST_TEST(done.warnings.empty());
  BOOST_REQUIRE(done.options.traces.size() == 1U);
  BOOST_REQUIRE(done.options.metrics.size() == 1U);
  BOOST_TEST(headers(done.options.traces[0]) == "a=1;b=two words;");
  BOOST_TEST(headers(done.options.metrics[0]) == "m=3;");
  BOOST_TEST(done.options.traces[0].gzip);
  BOOST_TEST(!done.options.metrics[0].gzip);
  BOOST_TEST(done.options.traces[0].certificate == "/ca");
}

BOOST_AUTO_TEST_CASE(the_resource) {
  variables set{{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"},
                {"OTEL_RESOURCE_ATTRIBUTES", "a=1,service.name=x,b=%C3%A4"}};
  auto done = read(set).options;
  BOOST_TEST(done.service_name == "x");
  BOOST_TEST((done.resource == name_value_list{{"a", "1"}, {"b", "ä"}}));
  set["OTEL_SERVICE_NAME"] = "y";
  BOOST_TEST(read(set).options.service_name == "y");
}

BOOST_AUTO_TEST_CASE(samplers) {
  const auto sampled = [](const std::string& sampler, const std::string& argument) {
    return read({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"},
                 {"OTEL_TRACES_SAMPLER", sampler},
                 {"OTEL_TRACES_SAMPLER_ARG", argument}})
        .options.sampled;
  };
  BOOST_TEST(sampled("", "0.5") == 1);
  BOOST_TEST(sampled("always_on", "0.5") == 1);
  BOOST_TEST(sampled("parentbased_always_off", "") == 0);
  BOOST_TEST(sampled("traceidratio", "0.25") == 0.25);
  BOOST_TEST(sampled("parentbased_traceidratio", "0.25") == 0.25);
  BOOST_TEST(sampled("traceidratio", "") == 1);
  BOOST_TEST(sampled("traceidratio", "2") == 1);
}

BOOST_AUTO_TEST_CASE(switching_off) {
  const variables set{{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"}, {"OTEL_SDK_DISABLED", "True"}};
  BOOST_TEST(!read(set).options.sends());
  const auto with_flag = read(set, to({"http://a"}));
  BOOST_TEST(!with_flag.options.sends());
  BOOST_TEST(with_flag.warnings.size() == 1U);
  const auto no_traces = read({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"}, {"OTEL_TRACES_EXPORTER", "none"}}).options;
  BOOST_TEST(no_traces.traces.empty());
  BOOST_TEST(no_traces.metrics.size() == 1U);
}

BOOST_AUTO_TEST_CASE(another_protocol_sends_nothing_by_variables_and_json_by_flags) {
  const auto by_variable = read({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"}, {"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}});
  BOOST_TEST(!by_variable.options.sends());
  BOOST_TEST(by_variable.warnings.size() == 1U);
  const auto by_flag = read({{"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}}, to({"http://a"}));
  BOOST_TEST(by_flag.options.sends());
  BOOST_TEST(by_flag.warnings.size() == 1U);
}

BOOST_DATA_TEST_CASE(mistakes_in_variables_warn_and_tell_no_secret, mistakes, mistake) {
  variables set{{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"}, {mistake.name, mistake.value}};
  const auto done = read(set);
  BOOST_REQUIRE(done.warnings.size() == 1U);
  BOOST_TEST(done.warnings[0].find(mistake.part) != std::string::npos, done.warnings[0]);
  BOOST_TEST(done.warnings[0].find(mistake.name) != std::string::npos, done.warnings[0]);
  BOOST_TEST(done.warnings[0].find("s3cret") == std::string::npos, done.warnings[0]);
}

BOOST_AUTO_TEST_CASE(mistakes_in_flags) {
  telemetry_flags flags;
  for (const char* wrong : {"", "collector:4318", "ftp://u:s3cret@h", "http://", "http:///v1", "http://a b"}) {
    const auto done = add_endpoint(flags, wrong);
    BOOST_REQUIRE(!done);
    BOOST_TEST(done.error().message.find("s3cret") == std::string::npos);
  }
  for (const char* wrong : {"", "s3cret", "=s3cret", "a b=s3cret", "a=s3cret\nb: c"}) {
    const auto done = add_header(flags, wrong);
    BOOST_REQUIRE(!done);
    BOOST_TEST(done.error().message.find("s3cret") == std::string::npos);
  }
  BOOST_TEST(flags.endpoints.empty());
  BOOST_TEST(flags.headers.empty());
}

BOOST_AUTO_TEST_CASE(where_to_listen) {
  BOOST_TEST(read_listen_address("unix:/run/a.sock").value().socket == "/run/a.sock");
  BOOST_TEST(read_listen_address("127.0.0.1:9090").value().port == 9090);
  BOOST_TEST(read_listen_address("[::1]:9090").value().host == "::1");
  for (const char* wrong : {"", "9090", ":9090", "0.0.0.0:9090", "[::]:9090", "localhost:9090", "192.168.0.1:1",
                            "unix:", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1"})
    BOOST_TEST(!read_listen_address(wrong), wrong);
  BOOST_TEST(!read_listen_address("unix:/" + std::string(200, 'x')));
  BOOST_TEST(read_listen_address("0.0.0.0:1").error().message.find("on this machine only") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(nothing_secret_stays_in_the_process_list) {
  std::vector<std::string> words{"gitfs-actor",
                                 "mount",
                                 "--otlp-header",
                                 "a=s3cret",
                                 "--otlp-header=b=s3cret",
                                 "--otlp-endpoint",
                                 "http://u:s3cret@h/x?key=s3cret",
                                 "--otlp-endpoint=http://h?s3cret"};
  std::vector<char*> argv;
  argv.reserve(words.size());
  for (std::string& each : words)
    argv.push_back(each.data());
  scrub_arguments(static_cast<int>(argv.size()), argv.data());
  for (const std::string& each : words)
    BOOST_TEST(each.find("s3cret") == std::string::npos, each);
  BOOST_TEST(words[5] == "--otlp-endpoint");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
