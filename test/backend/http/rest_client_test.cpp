#include "backend/http/rest_client.hpp"
#include "backend/os/url.hpp"
#include "test/backend/support/forge_fixture.hpp"

#include <memory>
#include <thread>

namespace gitfs::test {

namespace rest_client {

namespace {

struct fixture : forge_fixture {
  rest_options options() const {
    rest_options out{.base = server->github()};
    out.limits.total = 20s;
    out.retries = {1ms, 5ms, 3};
    return out;
  }
  void fault(const std::string& what) { server->set(R"({"faults":[{"match":"repos/Octo/hello$",)" + what + "}]}"); }

  result<rest_answer> ask(gitfs::rest_client& from, const std::string& token = {}) {
    return from.get("/repos/Octo/hello", token, {});
  }
};

} // namespace

} // namespace rest_client

BOOST_FIXTURE_TEST_SUITE(rest_client, rest_client::fixture)

BOOST_AUTO_TEST_CASE(gives_json_and_asks_again_with_the_etag) {
  gitfs::rest_client client{options()};
  const auto first = ask(client);
  BOOST_REQUIRE_MESSAGE(first, test::reason_of(first));
  BOOST_TEST(string_member(*first.value().body, "default_branch") == "trunk");
  const auto second = ask(client);
  BOOST_REQUIRE_MESSAGE(second, test::reason_of(second));
  BOOST_TEST((second.value().body == first.value().body)); // the very same
  const auto requests = server->requests();
  BOOST_REQUIRE(requests.size() == 2);
  BOOST_TEST(requests[0].status == 200);
  BOOST_TEST(requests[1].status == 304);
  BOOST_TEST(client.counters().requests == 2);
  BOOST_TEST(client.counters().bytes > 0);
}

BOOST_AUTO_TEST_CASE(an_answer_is_kept_for_who_asked_with_that_token_and_within_the_limit) {
  gitfs::rest_client client{options()};
  BOOST_REQUIRE(ask(client));
  BOOST_REQUIRE(ask(client, "good"));
  BOOST_TEST(server->requests()[1].status == 200);
  auto small = options();
  small.cache_limit = 100;
  gitfs::rest_client forgetful{small};
  BOOST_REQUIRE(ask(forgetful));
  BOOST_REQUIRE(ask(forgetful));
  BOOST_TEST(server->requests()[3].status == 200);
}

BOOST_AUTO_TEST_CASE(of_answers_that_are_kept_the_one_unused_longest_goes) {
  const auto last_status = [&] { return server->requests().back().status; };
  std::unique_ptr<gitfs::rest_client> client;
  auto for_two = options();
  // As much as two of these answers take, and not three.
  for (for_two.cache_limit = 500; !client || last_status() != 304; for_two.cache_limit += for_two.cache_limit / 8) {
    client = std::make_unique<gitfs::rest_client>(for_two);
    for (const char* token : {"good", "", "good"})
      BOOST_REQUIRE(ask(*client, token));
  }
  BOOST_REQUIRE(client->get("/repos/OCTO/hello", "", {}));
  BOOST_REQUIRE(ask(*client, "good"));
  BOOST_TEST(last_status() == 304);
  BOOST_REQUIRE(ask(*client));
  BOOST_TEST(last_status() == 200);
}

BOOST_AUTO_TEST_CASE(a_token_is_sent_and_in_no_message_or_log) {
  gitfs::rest_client client{options()};
  BOOST_REQUIRE(ask(client, "good"));
  const auto refused = ask(client, "sesame-5");
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().code == EACCES);
  BOOST_TEST(holds(refused.error().message, "Bad credentials"), refused.error().message);
  BOOST_TEST(server->requests()[0].authorization == "Bearer good");
  BOOST_TEST(!holds(refused.error().message + log(), "sesame-5"));
}

BOOST_AUTO_TEST_CASE(what_failures_mean) {
  const struct {
    const char* fault;
    int code;
    std::size_t requests;
    const char* says;
  } cases[] = {
      {R"("status":401,"body":{"message":"Bad credentials"})", EACCES, 1, "Bad credentials"},
      {R"("status":403,"body":{"message":"Resource not accessible"})", EACCES, 1, "Resource not accessible"},
      {R"("status":404,"body":{"message":"Not Found"})", ENOENT, 1, "Not Found"},
      {R"("status":451,"body":{"message":"DMCA"})", EACCES, 1, "legal"},
      {R"("status":502,"body":"<html>","headers":{"Content-Type":"text/html"})", EIO, 6,
       "502"}, // after each one the host is looked at
      {R"("body":"<html>","headers":{"Content-Type":"text/html"})", EIO, 1, "web page"},
      {R"("body":"hello","headers":{"Content-Type":"text/plain"})", EIO, 1, "text/plain"},
      {R"("body":"{\"a\": nonsense}")", EIO, 1, "not valid JSON"},
      {R"("body":"{\"a\": [1, 2")", EIO, 3, "cut off"},
      {R"("body":"")", EIO, 3, "cut off"},
      {R"("body":"{\"a\": 1, \"b\": 2}","cut":9)", EIO, 3, "cut off"},
      {R"("status":429,"headers":{"Retry-After":"7200"},"body":{})", EAGAIN, 1, "rate limit until"},
      {R"("status":403,"headers":{"x-ratelimit-remaining":"0","x-ratelimit-reset":"4102444800"},"body":{})", EAGAIN, 1,
       "give a token"},
      {R"("status":403,"body":{"message":"You have exceeded a secondary rate limit."})", EAGAIN, 1, "rate limit until"},
  };
  for (const auto& each : cases) {
    fault(each.fault);
    server->clear_requests();
    gitfs::rest_client client{options()};
    const auto out = ask(client);
    BOOST_TEST_CONTEXT(each.fault) {
      BOOST_REQUIRE(!out);
      BOOST_TEST(out.error().code == each.code);
      BOOST_TEST(holds(out.error().message, each.says), out.error().message);
      BOOST_TEST(holds(out.error().message, "127.0.0.1"), out.error().message);
      BOOST_TEST(server->count() == each.requests);
    }
  }
}

BOOST_AUTO_TEST_CASE(what_passes_is_tried_again) {
  for (const char* passing : {R"("times":2,"status":503,"body":{})", R"("times":1,"body":"{","cut":1)",
                              R"("times":1,"status":429,"headers":{"Retry-After":"1"},"body":{})",
                              R"("times":1,"status":403,"body":{},"headers":{"x-ratelimit-remaining":"0",)"
                              R"("x-ratelimit-reset":"-9223372036854775808"})"}) {
    fault(passing);
    gitfs::rest_client client{options()};
    const auto out = ask(client);
    BOOST_TEST_CONTEXT(passing) {
      BOOST_TEST(out.has_value(), test::reason_of(out));
      BOOST_TEST(client.counters().retries >= 1);
    }
  }
}

BOOST_AUTO_TEST_CASE(over_a_limit_nothing_is_asked_until_it_ends_but_with_another_token) {
  fault(R"("times":1,"status":429,"headers":{"Retry-After":"7200"},"body":{})");
  gitfs::rest_client client{options()};
  BOOST_TEST(ask(client).error().code == EAGAIN);
  BOOST_TEST(ask(client).error().code == EAGAIN);
  BOOST_TEST(server->count() == 1);
  BOOST_TEST(ask(client, "good").has_value());
}

BOOST_AUTO_TEST_CASE(a_limit_that_is_over_in_time_is_waited_for_where_nothing_else_can_be_done) {
  auto patient = options();
  patient.longest_wait = 0s; // so that no test has to wait for longer
  patient.waits_for_limits = true;
  fault(R"("times":1,"status":429,"headers":{"Retry-After":"1"},"body":{})");
  gitfs::rest_client client{patient};
  const auto out = ask(client);
  BOOST_TEST(out.has_value(), test::reason_of(out));
  BOOST_TEST(server->count() == 2);
  // One that outlasts the call fails it at once, as before.
  fault(R"("status":429,"headers":{"Retry-After":"7200"},"body":{})");
  BOOST_TEST(ask(client).error().code == EAGAIN);
}

BOOST_AUTO_TEST_CASE(waiting_for_the_end_of_a_limit_ends_when_it_is_stopped) {
  auto patient = options();
  patient.limits.total = 3h;
  patient.waits_for_limits = true;
  fault(R"("status":429,"headers":{"Retry-After":"7200"},"body":{})");
  gitfs::rest_client client{patient};
  std::stop_source stop;
  std::thread stopping{[&] {
    while (log().find("rate limit until") == std::string::npos)
      std::this_thread::sleep_for(1ms);
    stop.request_stop();
  }};
  BOOST_TEST(client.get("/repos/Octo/hello", {}, stop.get_token()).error().code == ECANCELED);
  stopping.join();
  BOOST_TEST(client.counters().cancelled == 1);
}

BOOST_AUTO_TEST_CASE(pages_follow_each_other_on_this_host_only) {
  server->set(R"({"page":1})");
  gitfs::rest_client client{options()};
  std::vector<std::string> names;
  const auto all = [&](gitfs::rest_client& from) {
    names.clear();
    return from.each_page("/users/Octo/repos?per_page=100", {}, {},
                          [&](const rapidjson::Document& page) -> result<void> {
                            for (const auto& each : page.GetArray())
                              names.push_back(string_member(each, "name"));
                            return success();
                          });
  };
  const auto done = all(client);
  BOOST_REQUIRE_MESSAGE(done, test::reason_of(done));
  BOOST_TEST(names == (std::vector<std::string>{".github", "hello"}), boost::test_tools::per_element());
  BOOST_REQUIRE(all(client)); // where the next page is, is kept as well
  BOOST_TEST(names.size() == 2);
  BOOST_TEST(server->count() == 4);
  server->set(R"({"faults":[{"match":"users","body":[],"headers":{"Link":"<http://localhost:1/x>; rel=\"next\""}}]})");
  gitfs::rest_client other{options()};
  const auto elsewhere = all(other);
  BOOST_REQUIRE(!elsewhere);
  BOOST_TEST(holds(elsewhere.error().message, "another host (localhost:1)"), elsewhere.error().message);
}

BOOST_AUTO_TEST_CASE(reads_links) {
  BOOST_TEST(next_link("") == "");
  BOOST_TEST(next_link("<https://a/b?page=2>; rel=\"next\", <https://a/b?page=9>; rel=\"last\"")
             == "https://a/b?page=2");
  BOOST_TEST(next_link("<https://a/1,2>; rel=\"prev\",<https://a/b>; title=x; rel=next") == "https://a/b");
  BOOST_TEST(next_link("<https://a/1>; rel=\"last\"") == "");
  BOOST_TEST(next_link("<https://a/1; rel=\"next\"") == "");
}

BOOST_AUTO_TEST_CASE(no_more_than_the_limit_is_read) {
  auto small = options();
  small.body_limit = 100;
  gitfs::rest_client client{small};
  BOOST_TEST(ask(client).error().code == EFBIG);
}

BOOST_AUTO_TEST_CASE(ends_when_it_is_stopped_or_out_of_time) {
  fault(R"("delay":60000)");
  gitfs::rest_client client{options()};
  std::stop_source stop;
  std::thread stopper{[&] {
    pause_for(100ms);
    stop.request_stop();
  }};
  BOOST_TEST(client.get("/repos/Octo/hello", {}, stop.get_token()).error().code == ECANCELED);
  stopper.join();
  BOOST_TEST(client.counters().cancelled == 1);
  auto hasty = options();
  hasty.limits.total = 200ms;
  gitfs::rest_client brief{hasty};
  BOOST_TEST(ask(brief).error().code == ETIMEDOUT);
}

BOOST_AUTO_TEST_CASE(posts_json) {
  auto to = options();
  to.base = server->gitlab();
  gitfs::rest_client client{to};
  const std::string question = R"({"query":"…","variables":{"project":"Octo/hello","ref":"HEAD","paths":["dir/two"]}})";
  const auto out = client.post(server->url() + "/api/graphql", question, {}, {});
  BOOST_REQUIRE_MESSAGE(out, test::reason_of(out));
  BOOST_TEST((*out.value().body)["data"]["project"]["repository"]["blobs"]["nodes"][0]["size"].GetString() == "11");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
