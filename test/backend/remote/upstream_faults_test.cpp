#include "backend/http/http_client.hpp"
#include "backend/remote/smart_http.hpp"
#include "test/backend/remote/upstream_fixture.hpp"

#include <boost/test/unit_test.hpp>

namespace gitfs::test {

BOOST_FIXTURE_TEST_SUITE(upstream_faults, upstream_fixture)

BOOST_AUTO_TEST_CASE(an_early_question_that_fails_is_asked_again_properly) {
  for (const auto& what : {status(500), status(403), edited([](const std::string&) { return "0003"; }),
                           test::fault{[](fault_exchange& x) { x.close(); }}}) {
    server.next_post(what);
    const auto out = connect()->resolve("main");
    BOOST_REQUIRE_MESSAGE(out, test::reason_of(out));
  }
}

BOOST_AUTO_TEST_CASE(servers_that_will_not_do_are_told_apart) {
  const auto says = [&](const test::fault& what, int code, const std::string& part) {
    server.next_get(what);
    const auto out = connect()->resolve("main");
    BOOST_REQUIRE_MESSAGE(!out, part);
    BOOST_TEST(out.error().code == code, out.error().message);
    BOOST_TEST(out.error().message.find(part) != std::string::npos, out.error().message);
    BOOST_TEST(out.error().message.find(server.host()) != std::string::npos, out.error().message);
  };
  says(advertise({"version 2", "ls-refs", "fetch", "object-format=sha256"}), ENOTSUP,
       "SHA-256 repositories are not supported yet");
  says(advertise({std::string(40, 'a') + " HEAD"}), ENOTSUP, "old git protocol");
  says([](fault_exchange& x) { x.reply(200, {"Content-Type: text/html"}, "<html>"); }, ENOTSUP, "text/html");
  says([](fault_exchange& x) { x.reply(404, {"Content-Type: text/plain"}, "No such project\nmore"); }, ENOENT,
       "repository not found");
  says([](fault_exchange& x) { x.reply(404, {"Content-Type: text/plain"}, "No such project\nmore"); }, ENOENT,
       "(\"No such project\")");
  const std::string refs = std::string(40, 'a') + "\trefs/heads/main\n";
  for (const std::string& type : {std::string{}, std::string{"Content-Type: text/plain; charset=utf-8"},
                                  std::string{"Content-Type: application/octet-stream"}})
    for (const std::string& body : {refs, std::string{}})
      says(
          [=](fault_exchange& x) { x.reply(200, type.empty() ? std::vector<std::string>{} : std::vector{type}, body); },
          ENOTSUP, "dumb HTTP protocol");
  says([](fault_exchange& x) { x.reply(200, {}, "hello"); }, ENOTSUP, "the type unknown");
  says(
      [](fault_exchange& x) {
        x.reply(400, {"Content-Type: text/html"}, "<html><head><title>400 No required SSL certificate</title></head>");
      },
      EIO, "(\"400 No required SSL certificate\")");
  says(status(403), EACCES, "access denied");
  says(status(410), ENOENT, "gone");
  says(status(418), EIO, "418");
  says(status(451), EACCES, "legal reasons");
  says([](fault_exchange& x) { x.reply(200, {advertisement_type}, advertisement({"ERR go away"})); }, EIO, "go away");
}

// git does not look at it. Only where the answer is none of git's the type tells what it is.
BOOST_AUTO_TEST_CASE(an_answer_to_a_post_may_have_any_type) {
  for (const std::string type :
       {"Content-Type: text/plain", "Content-Type: text/html; charset=utf-8", "Content-Type: application/octet-stream",
        "Content-Type: application/x-git-upload-pack-result; charset=utf-8", "Content-Type:", ""}) {
    server.otherwise([&](fault_exchange& x) {
      auto answer = x.ask_git();
      if (x.request.method == "POST")
        answer.headers = type.empty() ? std::vector<std::string>{} : std::vector{type};
      x.reply(answer.status, answer.headers, answer.body);
    });
    const auto up = connect();
    const auto out = up->resolve("main");
    BOOST_REQUIRE_MESSAGE(out, type << ": " << test::reason_of(out));
    BOOST_TEST(code_of(fetch(*up, {.wants = {rev("main:one")}})) == 0, type);
  }
  server.otherwise([](fault_exchange& x) {
    x.request.method == "POST" ? x.reply(200, {"Content-Type: text/html"}, "<html>Log in") : x.pass();
  });
  const auto page = connect()->resolve("main");
  BOOST_REQUIRE(!page);
  BOOST_TEST(page.error().code == ENOTSUP);
  BOOST_TEST(page.error().message.find("text/html") != std::string::npos, page.error().message);
  server.otherwise([](fault_exchange& x) {
    std::string said;
    append_pkt(said, "ERR go away\n");
    x.request.method == "POST" ? x.reply(200, {"Content-Type: text/plain"}, said) : x.pass();
  });
  const auto words = connect()->resolve("main");
  BOOST_REQUIRE(!words);
  BOOST_TEST(words.error().message.find("go away") != std::string::npos, words.error().message);
}

BOOST_AUTO_TEST_CASE(what_may_pass_is_tried_again_with_a_fresh_sink) {
  auto up = connect();
  BOOST_REQUIRE(up->resolve(""));
  // What may be the whole host's is asked of it with a small request, before this one is made again.
  const std::pair<test::fault, unsigned> faults[] = {
      {status(500), 3},
      {status(503, {"Retry-After: 1"}), 3},
      {status(429), 3},
      {status(408), 2},
      {[](fault_exchange& x) { // closed inside the header (before it, libcurl itself tries once more)
         x.send("HTTP/1.1 200 OK\r\nContent-Len");
         x.close();
       },
       3},
      {[](fault_exchange& x) { // and after a header that is one, but not the last
         x.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n");
         x.close();
       },
       3},
      {edited([](std::string body) { return body.substr(0, body.size() / 2); }), 2},             // ends inside the pack
      {edited([](std::string body) { return body.replace(body.size() - 60, 20, 20, 'z'); }), 2}, // damaged
      {[](fault_exchange& x) { // closed inside the body
         const auto answer = x.ask_git();
         x.send("HTTP/1.1 200 OK\r\n" + result_type + "\r\nContent-Length: " + std::to_string(answer.body.size())
                + "\r\n\r\n" + answer.body.substr(0, answer.body.size() / 2));
         x.close();
       },
       2},
  };
  std::uint64_t retries = 0;
  for (const auto& [what, requests] : faults) {
    server.next_post(what);
    const auto out = fetch(*up, {.wants = {rev("main:dir/sub/large")}});
    BOOST_TEST(code_of(out) == 0, message_of(out));
    BOOST_TEST(out.requests == requests);
    BOOST_TEST(up->counters().retries == ++retries);
  }
  BOOST_TEST(store.list_objects() == rev("main:dir/sub/large").hex());
}

BOOST_AUTO_TEST_CASE(waits_as_long_as_the_server_asks) {
  auto up = connect();
  server.next_get(status(429, {"Retry-After: 1"}));
  const auto begin = std::chrono::steady_clock::now();
  BOOST_REQUIRE(up->resolve("main"));
  BOOST_TEST((std::chrono::steady_clock::now() - begin >= 1s));
  // but not beyond its own deadline: then it fails at once
  server.otherwise(status(503, {"Retry-After: 3600"}));
  const auto out = fetch(*up, {.wants = {rev("main:one")}});
  BOOST_TEST(code_of(out) == EIO);
  BOOST_TEST(message_of(out).find("503") != std::string::npos);
  BOOST_TEST(out.requests == 1);
}

BOOST_AUTO_TEST_CASE(gives_up_in_the_end_with_a_host_that_has_never_answered) {
  server.otherwise(status(502));
  const auto out = connect()->resolve("main");
  BOOST_REQUIRE(!out);
  BOOST_TEST(out.error().code == EIO);
  BOOST_TEST(out.error().message.find("502") != std::string::npos);
  BOOST_TEST(server.requests().size() == 6); // five GETs, and the early POST
}

BOOST_AUTO_TEST_CASE(the_total_limit_ends_an_operation) {
  auto up = connect({.total = 300ms});
  BOOST_REQUIRE(up->resolve(""));
  std::promise<bool> closed;
  server.next_post(endless_pack(closed));
  const auto out = fetch(*up, {.wants = {rev("main:one")}});
  BOOST_TEST(code_of(out) == ETIMEDOUT, message_of(out));
  BOOST_TEST(closed.get_future().get());
  BOOST_TEST(store.list_objects() == "");
}

BOOST_AUTO_TEST_CASE(a_stall_is_tried_again) {
  auto up = connect({.stall = 1s});
  std::promise<bool> closed;
  server.next_post(endless_pack(closed));
  const auto out = fetch(*up, {.wants = {rev("main:one")}});
  BOOST_TEST(code_of(out) == 0, message_of(out));
  BOOST_TEST(closed.get_future().get());
  BOOST_TEST(out.requests == 3);
}

BOOST_AUTO_TEST_CASE(a_pack_over_the_limit_is_cut) {
  auto up = connect();
  std::promise<bool> closed;
  server.next_post(endless_pack(closed, 200'000));
  const auto out = fetch(*up, {.wants = {rev("main:one")}, .byte_limit = 150'000});
  BOOST_TEST(code_of(out) == EFBIG);
  BOOST_TEST(closed.get_future().get());
  BOOST_TEST(store.list_objects() == "");
  BOOST_TEST(code_of(fetch(*up, {.wants = {rev("main:one")}, .byte_limit = 150'000})) == 0);
}

BOOST_AUTO_TEST_CASE(a_pack_of_few_objects_is_told_when_it_begins) {
  auto up = connect();
  const auto told = [&](std::uint32_t few) {
    int out = 0;
    BOOST_TEST(
        code_of(fetch(*up, {.wants = {rev("main:one"), rev("main:dir/two")}, .came_few = [&] { ++out; }, .few = few}))
        == 0);
    return out;
  };
  BOOST_TEST(told(1) == 0);
  BOOST_TEST(told(2) == 1);
}

BOOST_AUTO_TEST_CASE(a_full_disk_is_not_tried_again) {
  test::failing_store full{ENOSPC};
  auto up = connect_to(full);
  const auto out = fetch(*up, {.wants = {rev("main:one")}});
  BOOST_TEST(code_of(out) == ENOSPC);
  BOOST_TEST(out.requests == 2);
}

BOOST_AUTO_TEST_CASE(dropping_the_handle_cancels_down_to_the_connection) {
  auto up = connect();
  BOOST_REQUIRE(up->resolve(""));
  std::promise<bool> closed;
  server.next_post(endless_pack(closed));
  std::promise<transfer_outcome> done;
  auto running = up->fetch({.wants = {rev("main:one")}}, [&](transfer_outcome out) { done.set_value(std::move(out)); });
  while (server.count("fetch") == 0)
    std::this_thread::sleep_for(1ms);
  running.reset();
  BOOST_TEST(code_of(done.get_future().get()) == ECANCELED);
  BOOST_TEST(closed.get_future().get());
  BOOST_TEST(up->counters().cancelled == 1);
}

BOOST_AUTO_TEST_CASE(cancels_between_two_attempts) {
  auto up = connect();
  BOOST_REQUIRE(up->resolve(""));
  server.otherwise(status(503, {"Retry-After: 60"}));
  std::promise<transfer_outcome> done;
  auto running = up->fetch({.wants = {rev("main:one")}}, [&](transfer_outcome out) { done.set_value(std::move(out)); });
  while (up->counters().retries == 0)
    std::this_thread::sleep_for(1ms);
  running.reset();
  BOOST_TEST(code_of(done.get_future().get()) == ECANCELED);
  BOOST_TEST(server.count("fetch") == 1);
}

BOOST_AUTO_TEST_CASE(a_cancelled_discovery_is_taken_over) {
  std::promise<void> asked;
  server.next_get([&](fault_exchange& x) {
    asked.set_value();
    x.wait_for_close();
  });
  auto up = connect();
  std::promise<transfer_outcome> first, second;
  auto leader = up->object_info({rev("main:one")}, [&](transfer_outcome out) { first.set_value(std::move(out)); });
  asked.get_future().get();
  const auto follower =
      up->object_info({rev("main:one")}, [&](transfer_outcome out) { second.set_value(std::move(out)); });
  leader.reset();
  BOOST_TEST(code_of(first.get_future().get()) == ECANCELED);
  BOOST_TEST(code_of(second.get_future().get()) == 0);
}

BOOST_AUTO_TEST_CASE(destruction_ends_everything_with_one_callback_each) {
  std::atomic<int> cancelled{0}, called{0};
  std::vector<std::unique_ptr<transfer>> handles;
  const oid one = rev("main:one");
  {
    auto up = connect({.parallel = 2});
    BOOST_REQUIRE(up->resolve(""));
    server.otherwise([](fault_exchange& x) { x.wait_for_close(); });
    for (int i = 0; i < 10; ++i)
      handles.push_back(up->fetch({.wants = {one}}, [&](const transfer_outcome& out) {
        ++called;
        cancelled += code_of(out) == ECANCELED ? 1 : 0;
      }));
    while (server.count("fetch") < 2)
      std::this_thread::sleep_for(1ms);
  }
  BOOST_TEST(called == 10);
  BOOST_TEST(cancelled == 10);
  handles.clear(); // they outlive it
  BOOST_TEST(called == 10);
}

// As a front that takes no large bodies answers: what is asked for in two halves then comes.
BOOST_AUTO_TEST_CASE(a_large_request_that_fails_while_others_are_answered_is_too_large) {
  const std::vector<oid> many(200, rev("main:one"));
  const std::vector<oid> few(many.begin(), many.begin() + 10);
  const test::fault refusals[] = {
      status(502), status(500), [](fault_exchange& x) { x.close(); }, // libcurl reads that as no answer
  };
  for (const test::fault& refuse : refusals) {
    auto up = connect();
    BOOST_REQUIRE(up->resolve(""));
    server.otherwise([&](fault_exchange& x) { x.request.body.size() > 4096 ? refuse(x) : x.pass(); });
    const auto out = fetch(*up, {.wants = many});
    BOOST_TEST(code_of(out) == E2BIG, message_of(out));
    BOOST_TEST(out.requests <= 6U); // twice, each with a look at the host; a closed connection is tried anew by libcurl
    BOOST_TEST(code_of(fetch(*up, {.wants = few})) == 0);
    server.otherwise(nullptr);
  }
}

BOOST_AUTO_TEST_CASE(a_length_that_was_refused_is_not_tried_again_before_a_while_has_passed) {
  const auto body = std::make_shared<const std::string>(10'000, 'x');
  const auto reads = [](http_exchange&) { return attempt_result{}; };
  server.otherwise(status(413));
  http_client client{http_client_options{}};
  for (const auto refused_for : {std::chrono::milliseconds{0}, std::chrono::milliseconds{1h}}) {
    smart_http http{parse_source(server.url("repo.git")).value(), {}, client, {}, refused_for};
    const std::size_t before = server.requests().size();
    for (int i = 0; i < 2; ++i) {
      operation op{{}, std::chrono::steady_clock::now() + 60s};
      const auto out = http.post(op, body, reads);
      BOOST_REQUIRE(!out);
      BOOST_TEST(out.error().code == E2BIG, out.error().message);
    }
    BOOST_TEST(server.requests().size() - before == (refused_for == 0ms ? 2U : 1U));
  }
}

// Else each of the halves would be asked for, down to single objects.
BOOST_AUTO_TEST_CASE(a_large_request_is_not_too_large_for_a_host_that_answers_nothing) {
  auto up = connect({.total = 2s});
  BOOST_REQUIRE(up->resolve(""));
  server.otherwise(status(502));
  const auto before = server.requests().size();
  const auto out = fetch(*up, {.wants = std::vector<oid>(200, rev("main:one"))});
  BOOST_TEST(code_of(out) == EHOSTDOWN, message_of(out));
  BOOST_TEST(message_of(out).find("502") != std::string::npos, message_of(out));
  BOOST_TEST(server.requests().size() - before <= 8U);
}

// While one object makes the server fail, the others are to be had.
BOOST_AUTO_TEST_CASE(a_small_request_that_fails_while_others_are_answered_fails_alone) {
  auto up = connect();
  BOOST_REQUIRE(up->resolve(""));
  const std::string bad = rev("main:one").hex();
  server.otherwise(
      [&](fault_exchange& x) { x.request.body.find(bad) == std::string::npos ? x.pass() : x.reply(500, {}, ""); });
  const auto out = fetch(*up, {.wants = {rev("main:one")}});
  BOOST_TEST(code_of(out) == EIO, message_of(out));
  BOOST_TEST(code_of(fetch(*up, {.wants = {rev("main:dir/two")}})) == 0);
  BOOST_TEST(log.text().find("is away") == std::string::npos, log.text());
}

BOOST_AUTO_TEST_CASE(a_slow_store_holds_the_server_back) {
  test::gated_store slow;
  auto up = connect_to(slow);
  BOOST_REQUIRE(up->resolve(""));
  constexpr std::uint64_t total = std::uint64_t{64} << 20;
  std::atomic<std::uint64_t> sent{0};
  server.next_post([&](fault_exchange& x) {
    std::string pack, piece;
    append_pkt(pack, "packfile\n");
    for (int i = 0; i < 16; ++i)
      append_pkt(piece, "\001" + std::string(60'000, 'x'));
    x.send("HTTP/1.1 200 OK\r\n" + result_type + "\r\nConnection: close\r\n\r\n" + pack);
    while (sent < total && x.send(piece))
      sent += piece.size();
    x.send("0000");
    x.close();
  });
  std::promise<transfer_outcome> done;
  const auto running =
      up->fetch({.wants = {rev("main:one")}}, [&](transfer_outcome out) { done.set_value(std::move(out)); });
  std::uint64_t before = 0;
  do { // until the server cannot send any more
    before = sent;
    std::this_thread::sleep_for(300ms);
  } while (sent != before || before == 0);
  BOOST_TEST(sent < total / 2);
  slow.open();
  const auto out = done.get_future().get();
  BOOST_TEST(code_of(out) == 0, message_of(out));
  BOOST_TEST(out.bytes > total);
  BOOST_TEST(slow.received() > total - total / 100);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
