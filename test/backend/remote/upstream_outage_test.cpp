// A host that is away or busy: who waits for it, for how long, and what it is asked meanwhile.
#include "test/backend/remote/upstream_fixture.hpp"

#include "backend/open/backend_services.hpp"

#include <boost/test/unit_test.hpp>

namespace gitfs::test {

namespace upstream_outage {

namespace {

struct fixture : upstream_fixture {
  struct asked {
    std::promise<transfer_outcome> done;
    std::unique_ptr<transfer> running;
    transfer_outcome get() { return done.get_future().get(); }
  };

  static std::unique_ptr<asked> ask(gitfs::git_upstream& from, const oid& what) {
    auto out = std::make_unique<asked>();
    out->running =
        from.fetch({.wants = {what}}, [to = out.get()](transfer_outcome how) { to->done.set_value(std::move(how)); });
    return out;
  }

  std::size_t lines(const std::string& words) const {
    std::istringstream all{log.text()};
    std::size_t out = 0;
    for (std::string line; std::getline(all, line);)
      out += line.find(words) != std::string::npos ? 1 : 0;
    return out;
  }

  void wait_until(const std::function<bool()>& what) {
    while (!what())
      std::this_thread::sleep_for(1ms);
  }

  const oid one = rev("main:one"), two = rev("main:dir/two"), large = rev("main:dir/sub/large");
};

} // namespace

} // namespace upstream_outage

BOOST_FIXTURE_TEST_SUITE(upstream_outage, upstream_outage::fixture)

BOOST_AUTO_TEST_CASE(all_wait_while_one_looks_and_all_go_on_when_it_is_back) {
  for (const auto& gone : {status(503), status(502), test::fault{[](fault_exchange& x) { x.close(); }}}) {
    auto up = connect();
    BOOST_REQUIRE(up->resolve(""));
    const std::size_t asked_before = server.requests().size();
    server.otherwise(gone);
    std::vector<std::unique_ptr<asked>> all;
    for (int i = 0; i < 4; ++i)
      for (const oid& each : {one, two, large})
        all.push_back(ask(*up, each));
    const std::size_t away = lines("is away") + 1, back = lines("answers again") + 1;
    wait_until([&] { return lines("is away") == away; });
    // Each of the eight connections may have been under way, libcurl makes a request anew whose connection was just
    // closed, and some have looked since.
    BOOST_TEST(server.requests().size() - asked_before <= 8U * 2 + 8U);
    server.otherwise(nullptr);
    for (auto& each : all) {
      const auto out = each->get();
      BOOST_TEST(code_of(out) == 0, message_of(out));
    }
    BOOST_TEST(lines("is away") == away);
    BOOST_TEST(lines("answers again") == back);
  }
}

// It refuses whoever brings no password by itself, so a look without one would say that the server is there.
BOOST_AUTO_TEST_CASE(a_front_that_asks_for_a_password_does_not_hide_that_its_server_is_away) {
  const auto behind_password = [](const test::fault& then) {
    return [=](fault_exchange& x) {
      if (!x.request.headers.contains("authorization"))
        return x.reply(401, {"WWW-Authenticate: Basic realm=\"git\""}, "");
      then(x);
    };
  };
  server.otherwise(behind_password([](fault_exchange& x) { x.pass(); }));
  auto up = connect({}, "http://joe:hunter2@" + server.host() + "/repo.git");
  BOOST_REQUIRE(up->resolve(""));
  server.otherwise(behind_password(status(502)));
  const auto waits = ask(*up, one);
  auto done = waits->done.get_future();
  while (lines("is away") == 0 && done.wait_for(1ms) != std::future_status::ready)
    ;
  BOOST_TEST(lines("is away") == 1U, log.text());
  server.otherwise(behind_password([](fault_exchange& x) { x.pass(); }));
  const auto out = done.get();
  BOOST_TEST(code_of(out) == 0, message_of(out));
}

BOOST_AUTO_TEST_CASE(who_comes_when_all_have_waited_long_enough_is_told_at_once_by_one_look) {
  auto up = connect({.total = 1s});
  BOOST_REQUIRE(up->resolve(""));
  server.otherwise(status(503));
  const auto out = fetch(*up, {.wants = {one}});
  BOOST_TEST(code_of(out) == EHOSTDOWN, message_of(out));
  BOOST_TEST(message_of(out).find("away since") != std::string::npos, message_of(out));
  for (const oid& each : {one, two}) {
    const std::size_t before = server.requests().size();
    const auto late = fetch(*up, {.wants = {each}});
    BOOST_TEST(code_of(late) == EHOSTDOWN, message_of(late));
    BOOST_TEST(server.requests().size() == before + 1);
    BOOST_TEST(server.requests().back().method == "GET");
  }
  BOOST_TEST(lines("is away") == 1U);
  // and the first that comes when it is back finds it
  server.otherwise(nullptr);
  BOOST_TEST(code_of(fetch(*up, {.wants = {one}})) == 0);
  BOOST_TEST(lines("answers again") == 1U);
}

BOOST_AUTO_TEST_CASE(a_wait_ends_with_its_request_and_another_one_goes_on_looking) {
  auto up = connect();
  BOOST_REQUIRE(up->resolve(""));
  server.otherwise(status(503));
  auto first = ask(*up, one), second = ask(*up, two);
  wait_until([&] { return lines("is away") == 1; });
  first->running.reset();
  BOOST_TEST(code_of(first->get()) == ECANCELED);
  server.otherwise(nullptr);
  BOOST_TEST(code_of(second->get()) == 0);
}

// Also while it is the one that looks, at a server that says nothing.
BOOST_AUTO_TEST_CASE(who_looks_may_be_cancelled_down_to_the_connection) {
  auto up = connect();
  BOOST_REQUIRE(up->resolve(""));
  std::promise<void> looked;
  std::promise<bool> closed;
  server.next_post(status(503));
  server.next_get(status(503));
  server.next_get([&](fault_exchange& x) {
    looked.set_value();
    closed.set_value(x.wait_for_close());
  });
  auto first = ask(*up, one);
  looked.get_future().get();
  auto second = ask(*up, two);
  first->running.reset();
  BOOST_TEST(code_of(first->get()) == ECANCELED);
  BOOST_TEST(closed.get_future().get());
  BOOST_TEST(code_of(second->get()) == 0);
}

BOOST_AUTO_TEST_CASE(a_host_that_has_never_answered_is_waited_for_only_on_request) {
  server.otherwise(status(503));
  BOOST_TEST(connect({.total = 60s})->resolve("main").error().code == EIO); // after a few tries
  auto up = connect({.total = 60s, .wait_at_first = true});
  std::thread waiting{[&] {
    const auto out = up->resolve("main");
    BOOST_TEST(out.has_value(), test::reason_of(out));
  }};
  wait_until([&] { return lines("is away") == 1; });
  server.otherwise(nullptr);
  waiting.join();
}

BOOST_AUTO_TEST_CASE(a_name_that_does_not_exist_and_a_port_that_nobody_listens_on_fail_at_once) {
  for (const bool wait : {false, true}) {
    auto up = connect({.total = 60s, .wait_at_first = wait}, "http://nowhere.invalid/x.git");
    const auto out = up->resolve("main");
    BOOST_REQUIRE(!out);
    for (const char* part : {"http://nowhere.invalid/x.git: ", "name cannot be resolved"})
      BOOST_TEST(out.error().message.find(part) != std::string::npos, out.error().message);
    BOOST_TEST(out.error().message.find("--wait") == std::string::npos, out.error().message); // it would not help
    BOOST_TEST(up->counters().retries == 0U);
  }
  auto up = connect({.total = 60s}, "http://127.0.0.1:1/x.git");
  const auto out = up->resolve("main");
  BOOST_REQUIRE(!out);
  for (const char* part : {"http://127.0.0.1:1/x.git: ", "cannot connect", "--wait"})
    BOOST_TEST(out.error().message.find(part) != std::string::npos, out.error().message);
  BOOST_TEST(up->counters().retries == 0U);
}

BOOST_AUTO_TEST_CASE(repositories_of_one_process_share_what_is_known_of_a_host) {
  const auto services = std::make_shared<backend_services>();
  const auto connected = [&] {
    return gitfs::git_upstream::create(
               parse_source(server.url("repo.git")).value(), store, [](auto) {}, {.total = 1s}, {},
               shared_http(services), shared_workers(services))
        .value();
  };
  const auto first = connected(), second = connected();
  BOOST_REQUIRE(first->resolve("main"));
  BOOST_REQUIRE(second->resolve("main"));
  server.otherwise(status(503));
  BOOST_TEST(code_of(fetch(*first, {.wants = {one}})) == EHOSTDOWN);
  const std::size_t before = server.requests().size();
  BOOST_TEST(code_of(fetch(*second, {.wants = {two}})) == EHOSTDOWN);
  BOOST_TEST(server.requests().size() == before + 1);
  BOOST_TEST(second->resolve("main").error().code == EHOSTDOWN);
}

// A rate limit without a word how long: all back off together, and none of them fails.
BOOST_AUTO_TEST_CASE(a_busy_host_is_asked_less_often_until_it_lets_all_through) {
  auto up = connect();
  BOOST_REQUIRE(up->resolve(""));
  std::atomic<int> refusals{6};
  server.otherwise([&](fault_exchange& x) { refusals-- > 0 ? x.reply(429, {}, "") : x.pass(); });
  const std::size_t before = server.requests().size();
  std::vector<std::unique_ptr<asked>> all;
  for (const oid& each : {one, two, large})
    all.push_back(ask(*up, each));
  for (auto& each : all) {
    const auto out = each->get();
    BOOST_TEST(code_of(out) == 0, message_of(out));
  }
  // Three at once, then one of them looks for all: six refusals, three answers, and a look or two that got through.
  BOOST_TEST(server.requests().size() - before <= 12U);
  BOOST_TEST(lines("make fewer requests") >= 1U);
}

BOOST_AUTO_TEST_CASE(a_rate_limit_outlasts_no_request) {
  auto up = connect({.total = 1s});
  BOOST_REQUIRE(up->resolve(""));
  server.otherwise(status(429));
  const auto out = fetch(*up, {.wants = {one}});
  BOOST_TEST(code_of(out) == EIO, message_of(out));
  BOOST_TEST(message_of(out).find("429") != std::string::npos, message_of(out));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
