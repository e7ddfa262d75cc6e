#include "backend/http/http_client.hpp"
#include "backend/http/http_exchange.hpp"
#include "test/support/fault_server.hpp"
#include "test/support/temp_dir.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <future>
#include <thread>

namespace gitfs::test {

namespace http_client {

using namespace std::chrono_literals;
using test::fault_exchange;
using test::fault_server;

namespace {

struct fixture {
  test::scoped_env no_proxy{"no_proxy", "127.0.0.1"};
  test::temp_dir home;
  test::scoped_env home_env{"HOME", home.path().c_str()};
  fault_server server{home.path()};
  gitfs::http_client client;

  http_request to(const std::string& path, std::shared_ptr<const std::string> body = nullptr) const {
    http_request out;
    out.url = server.url(path);
    out.body = std::move(body);
    out.deadline = std::chrono::steady_clock::now() + 20s;
    return out;
  }
  static std::shared_ptr<const std::string> bytes(std::size_t count) {
    return std::make_shared<const std::string>(count, 'x');
  }
};

constexpr std::size_t everything = std::size_t{1} << 30;

/// What a client sends of a body that it does not stop reading: as much as fits between them, then nothing.
std::uint64_t settled(const std::atomic<std::uint64_t>& value) {
  std::uint64_t before = 0;
  do {
    before = value;
    std::this_thread::sleep_for(300ms);
  } while (value != before || before == 0);
  return before;
}

} // namespace

} // namespace http_client

BOOST_FIXTURE_TEST_SUITE(http_client, http_client::fixture)

BOOST_AUTO_TEST_CASE(gets_and_posts_over_one_connection) {
  server.otherwise([](fault_exchange& x) {
    x.reply(200, {"Content-Type: Text/Plain; charset=utf-8"}, x.request.method + " " + x.request.body);
  });
  for (int i = 0; i < 3; ++i) {
    http_exchange get{client, to("a"), {}};
    BOOST_TEST(get.head().status == 200);
    BOOST_TEST(get.head().content_type == "text/plain");
    BOOST_TEST(get.read_all(everything) == "GET ");
    BOOST_TEST(get.end().failure == 0);
    http_exchange post{client, to("a", std::make_shared<const std::string>("hello")), {}};
    BOOST_TEST(post.read_all(everything) == "POST hello");
  }
  BOOST_TEST(server.connections() == 1);
}

BOOST_AUTO_TEST_CASE(sends_a_large_body_without_waiting_for_leave) {
  server.otherwise([](fault_exchange& x) { x.reply(200, {}, std::to_string(x.request.body.size())); });
  http_exchange post{client, to("a", bytes(5'000'000)), {}};
  BOOST_TEST(post.read_all(everything) == "5000000");
  BOOST_TEST(!server.requests().at(0).headers.contains("expect"));
}

BOOST_AUTO_TEST_CASE(a_post_stays_one_behind_redirects) {
  for (const int status : {301, 302, 303, 307, 308}) {
    server.next_post([&, status](fault_exchange& x) { x.reply(status, {"Location: " + server.url("there")}, ""); });
    server.next_post([](fault_exchange& x) { x.reply(200, {}, x.request.target + " " + x.request.body); });
    http_exchange post{client, to("here", std::make_shared<const std::string>("body")), {}};
    BOOST_TEST(post.read_all(everything) == "/there body");
    BOOST_TEST(post.end().head.effective_url == server.url("there"));
  }
}

BOOST_AUTO_TEST_CASE(credentials_stay_with_their_host) {
  fault_server other{home.path()};
  other.otherwise(
      [](fault_exchange& x) { x.reply(200, {}, x.request.headers.contains("authorization") ? "told" : "no"); });
  server.next_get([&](fault_exchange& x) {
    x.reply(302, {"Location: " + other.url("a")}, x.request.headers.contains("authorization") ? "told" : "no");
  });
  http_request request = to("a");
  request.username = "joe";
  request.password = "hunter2";
  http_exchange get{client, request, {}};
  BOOST_TEST(get.read_all(everything) == "no");
  BOOST_TEST(server.requests().at(0).headers.contains("authorization"));
}

BOOST_AUTO_TEST_CASE(does_not_follow_to_other_protocols) {
  server.next_get([&](fault_exchange& x) { x.reply(302, {"Location: file:///etc/passwd"}, ""); });
  http_exchange get{client, to("a"), {}};
  BOOST_TEST(get.read_all(everything) == "");
  BOOST_TEST(get.end().failure == EIO);
  BOOST_TEST(!get.end().transient);
}

BOOST_AUTO_TEST_CASE(tells_what_may_pass_from_what_will_not) {
  const auto end_of = [&](const test::fault& what) {
    server.next_get(what);
    http_exchange get{client, to("a"), {}};
    get.read_all(everything);
    return get.end();
  };
  const http_end cut = end_of([](fault_exchange& x) {
    x.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    x.close();
  });
  BOOST_TEST(cut.failure == EIO);
  BOOST_TEST(cut.transient);
  const http_end silent = end_of([](fault_exchange& x) { x.close(); });
  BOOST_TEST(silent.failure == EIO);
  BOOST_TEST(silent.transient);
  const http_end garbage = end_of([](fault_exchange& x) {
    x.send("SSH-2.0-OpenSSH_9\r\n\r\n");
    x.close();
  });
  BOOST_TEST(garbage.failure == EIO);
}

BOOST_AUTO_TEST_CASE(names_the_host_that_refuses) {
  http_request request;
  {
    const fault_server gone{home.path()};
    request.url = gone.url("a");
  }
  http_exchange get{client, request, {}};
  BOOST_TEST(get.head().status == 0);
  BOOST_TEST(get.end().failure == EIO);
  BOOST_TEST(get.end().transient);
  BOOST_TEST(get.end().message.starts_with("127.0.0.1:"), get.end().message);
  BOOST_TEST(get.end().message.find(" ms") == std::string::npos, get.end().message); // so that it is said once
}

BOOST_AUTO_TEST_CASE(reads_both_forms_of_retry_after) {
  char date[64];
  const std::time_t later = std::time(nullptr) + 100;
  std::tm parts{};
  std::strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", ::gmtime_r(&later, &parts));
  server.next_get([](fault_exchange& x) { x.reply(429, {"Retry-After: 7"}, ""); });
  server.next_get([&](fault_exchange& x) { x.reply(503, {std::string{"Retry-After: "} + date}, ""); });
  http_exchange seconds{client, to("a"), {}};
  BOOST_TEST(seconds.head().retry_after.count() == 7);
  http_exchange dated{client, to("a"), {}};
  BOOST_TEST((dated.head().retry_after > 90s && dated.head().retry_after <= 100s));
}

BOOST_AUTO_TEST_CASE(a_stall_ends_it) {
  std::promise<bool> closed;
  server.next_get([&](fault_exchange& x) {
    x.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    closed.set_value(x.wait_for_close());
  });
  http_request request = to("a");
  request.stall_timeout = 100ms;
  http_exchange get{client, request, {}};
  BOOST_TEST(get.read_all(everything) == "half");
  BOOST_TEST(get.end().failure == ETIMEDOUT);
  BOOST_TEST(get.end().transient);
  BOOST_TEST(closed.get_future().get());
}

BOOST_AUTO_TEST_CASE(the_deadline_ends_it_while_bytes_trickle) {
  server.next_get([](fault_exchange& x) {
    x.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    while (!x.wait_for_close(20ms))
      x.send("x");
  });
  http_request request = to("a");
  request.stall_timeout = 10s;
  request.deadline = std::chrono::steady_clock::now() + 200ms;
  http_exchange get{client, request, {}};
  get.read_all(everything);
  BOOST_TEST(get.end().failure == ETIMEDOUT);
  BOOST_TEST((std::chrono::steady_clock::now() >= request.deadline));
}

BOOST_AUTO_TEST_CASE(a_stop_request_closes_the_connection) {
  std::promise<bool> closed;
  server.next_get([&](fault_exchange& x) {
    x.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    closed.set_value(x.wait_for_close());
  });
  std::stop_source stop;
  http_exchange get{client, to("a"), stop.get_token()};
  std::string piece;
  BOOST_REQUIRE(get.read(piece));
  std::thread stopper{[&] { stop.request_stop(); }};
  BOOST_TEST(!get.read(piece));
  BOOST_TEST(get.end().failure == ECANCELED);
  BOOST_TEST(closed.get_future().get());
  stopper.join();
}

BOOST_AUTO_TEST_CASE(destruction_closes_the_connection) {
  std::promise<bool> closed;
  server.next_get([&](fault_exchange& x) {
    x.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    closed.set_value(x.wait_for_close());
  });
  {
    http_exchange get{client, to("a"), {}};
    BOOST_TEST(get.head().status == 200);
  }
  BOOST_TEST(closed.get_future().get());
}

BOOST_AUTO_TEST_CASE(destruction_of_the_client_ends_every_request_once) {
  struct counter : http_handler {
    flow on_body(const http_head&, std::string_view) override { return flow::more; }
    void on_end(http_end end) override {
      ++ends;
      failure = end.failure;
    }
    std::atomic<int> ends{0}, failure{0};
  };
  server.otherwise([](fault_exchange& x) { x.wait_for_close(); });
  std::vector<std::shared_ptr<counter>> handlers;
  std::vector<std::unique_ptr<http_transfer>> transfers;
  {
    gitfs::http_client brief{{.connections_per_host = 2}};
    for (int i = 0; i < 6; ++i) {
      handlers.push_back(std::make_shared<counter>());
      transfers.push_back(brief.start(to("a"), handlers.back()));
    }
    transfers.pop_back();
  }
  transfers.clear(); // handles outlive the client
  for (const auto& each : handlers) {
    BOOST_TEST(each->ends == 1);
    BOOST_TEST(each->failure == ECANCELED);
  }
}

// As one that is made again when it fails.
BOOST_AUTO_TEST_CASE(what_an_ended_request_starts_while_the_client_ends_is_cancelled) {
  struct starter : http_handler {
    flow on_body(const http_head&, std::string_view) override { return flow::more; }
    void on_end(http_end end) override {
      failure = end.failure;
      if (then)
        then();
    }
    std::atomic<int> failure{0};
    std::function<void()> then;
  };
  server.otherwise([](fault_exchange& x) { x.wait_for_close(); });
  const auto first = std::make_shared<starter>(), second = std::make_shared<starter>();
  std::unique_ptr<http_transfer> one, other;
  {
    gitfs::http_client brief;
    first->then = [&] { other = brief.start(to("b"), second); };
    one = brief.start(to("a"), first);
  }
  BOOST_TEST(first->failure == ECANCELED);
  BOOST_TEST(second->failure == ECANCELED);
}

BOOST_AUTO_TEST_CASE(a_reader_that_does_not_read_holds_the_sender_back) {
  constexpr std::size_t total = std::size_t{64} << 20, piece = std::size_t{1} << 16;
  std::atomic<std::uint64_t> sent{0};
  server.next_get([&](fault_exchange& x) {
    x.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(total) + "\r\n\r\n");
    const std::string bytes(piece, 'x');
    while (sent < total && x.send(bytes))
      sent += piece;
  });
  http_request request = to("a");
  request.stall_timeout = 200ms; // a paused transfer does not stall
  http_exchange get{client, request, {}};
  BOOST_TEST(get.head().status == 200);
  BOOST_TEST(settled(sent) < total / 2); // the queue, and what both sockets buffer
  std::string bytes;
  std::uint64_t received = 0;
  while (get.read(bytes))
    received += bytes.size();
  BOOST_TEST(get.end().failure == 0, get.end().message);
  BOOST_TEST(received == total);
}

BOOST_AUTO_TEST_CASE(undoes_content_encoding) {
  // gzip of "hello\n"
  const unsigned char packed[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0xcb, 0x48, 0xcd,
                                  0xc9, 0xc9, 0xe7, 0x02, 0x00, 0x20, 0x30, 0x3a, 0x36, 0x06, 0x00, 0x00, 0x00};
  server.next_get([&](fault_exchange& x) {
    x.reply(200, {"Content-Encoding: gzip"}, {reinterpret_cast<const char*>(packed), sizeof packed});
  });
  http_exchange get{client, to("a"), {}};
  BOOST_TEST(get.read_all(everything) == "hello\n");
  BOOST_TEST(server.requests().at(0).headers.at("accept-encoding").find("gzip") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
