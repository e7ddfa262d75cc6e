// Serving metrics on this machine: to many, to slow ones and to broken ones; and where not to listen.
#include "backend/telemetry/metrics_server.hpp"

#include "config/unique_fd.hpp"
#include "test/support/background.hpp"
#include "test/support/command.hpp"
#include "test/support/outcome.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <vector>

namespace gitfs::test {

namespace metrics_server {

namespace {

struct served {
  temp_dir dir;
  std::string path = dir / "metrics.sock";
  std::atomic<bool> well = true;
  std::string text = "# HELP a b\n# TYPE a counter\na 1\n";

  result<std::unique_ptr<gitfs::metrics_server>> start(const listen_address& at) const {
    return gitfs::metrics_server::start(at, {[this] { return text; }, [this] { return well.load(); }});
  }
  std::unique_ptr<gitfs::metrics_server> on_socket() const {
    auto out = start({path, {}, 0});
    BOOST_REQUIRE_MESSAGE(out, reason_of(out));
    return std::move(out.value());
  }
  std::string ask(const std::string& more = "") const {
    return must_run("curl -sS --max-time 60 --unix-socket " + path + " " + more + " http://x/metrics");
  }
};

class connection {
public:
  explicit connection(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    BOOST_REQUIRE(::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  }
  void send(const std::string& bytes) const { (void)::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL); }
  // Until the end.
  std::string read() const {
    std::string out;
    char bytes[4096];
    for (ssize_t n; (n = ::recv(fd_.get(), bytes, sizeof bytes, 0)) > 0;)
      out.append(bytes, static_cast<std::size_t>(n));
    return out;
  }

private:
  unique_fd fd_;
};

} // namespace

} // namespace metrics_server

BOOST_FIXTURE_TEST_SUITE(metrics_server, metrics_server::served)

BOOST_AUTO_TEST_CASE(says_whether_the_mount_is_well) {
  const auto server = on_socket();
  const std::string ask = "curl -sS --max-time 60 -w '%{http_code}' --unix-socket " + path + " http://x/healthz";
  BOOST_TEST(must_run(ask) == "ok\n200");
  well = false;
  BOOST_TEST(must_run(ask) == "the mount does not answer\n503");
}

BOOST_AUTO_TEST_CASE(on_a_socket_that_is_the_owners_and_goes_with_the_server) {
  {
    const auto server = on_socket();
    BOOST_TEST(server->address() == "unix:" + path);
    BOOST_TEST(ask() + "\n" == text);
    BOOST_TEST(must_run("stat -c %a " + path) == "600");
    const std::string head = ask("-i");
    BOOST_TEST(head.find("200 OK") != std::string::npos, head);
    BOOST_TEST(head.find("Content-Type: text/plain; version=0.0.4") != std::string::npos, head);
    BOOST_TEST(ask("-I").find("a 1") == std::string::npos);
    BOOST_TEST(ask("-o /dev/null -w '%{http_code}' -X POST -d x") == "405");
    BOOST_TEST(must_run("curl -sS -o /dev/null -w '%{http_code}' --unix-socket " + path + " http://x/other") == "404");
  }
  BOOST_TEST(!std::filesystem::exists(path));
}

BOOST_AUTO_TEST_CASE(on_ports_of_loopback) {
  for (const char* host : {"127.0.0.1", "::1"}) {
    auto server = start({{}, host, 0});
    BOOST_REQUIRE_MESSAGE(server, reason_of(server));
    BOOST_TEST(must_run("curl -sS http://" + server.value()->address() + "/metrics") + "\n" == text);
    const auto port = static_cast<std::uint16_t>(
        std::stoul(server.value()->address().substr(server.value()->address().rfind(':') + 1)));
    const auto second = start({{}, host, port});
    BOOST_REQUIRE(!second);
    BOOST_TEST(second.error().code == EADDRINUSE);
  }
}

BOOST_AUTO_TEST_CASE(slow_and_broken_clients_hold_up_nobody) {
  text.assign(10'000'000, 'x').append("\n"); // more than a socket holds
  const auto server = on_socket();
  std::vector<connection> silent;
  silent.reserve(40);
  for (int i = 0; i < 40; ++i)
    silent.emplace_back(path);
  for (int i = 0; i < 10; ++i)
    silent[static_cast<std::size_t>(i)].send("GET /metrics HTTP/1.1\r\n\r\n"); // and never read
  { const connection gone{path}; }
  connection half{path};
  half.send("GET /met");
  BOOST_TEST(must_run("curl -sS --max-time 60 --unix-socket " + path + " http://x/metrics | wc -c") == "10000001");
  half.send("rics HTTP/1.1\r\n\r\n");
  BOOST_TEST(half.read().size() > 10'000'000U);
  const connection noise{path};
  noise.send(std::string("\0\xff\x16\x03 what", 9) + "\r\n\r\n");
  BOOST_TEST(noise.read().starts_with("HTTP/1.1 400"));
  const connection endless{path};
  endless.send("GET / HTTP/1.1\r\nx: " + std::string(9000, 'y'));
  BOOST_TEST(endless.read().starts_with("HTTP/1.1 431"));
}

BOOST_AUTO_TEST_CASE(requests_of_every_kind) {
  const auto server = on_socket();
  const auto answer_to = [&](const std::string& request) {
    const connection one{path};
    one.send(request);
    return one.read();
  };
  const std::string of_text = "Content-Length: " + std::to_string(text.size()) + "\r\n";
  const std::string got = answer_to("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  BOOST_TEST(got.find(of_text) != std::string::npos, got);
  BOOST_TEST(got.find("Connection: close\r\n") != std::string::npos, got);
  BOOST_TEST(got.ends_with("\r\n\r\n" + text), got);
  const std::string head = answer_to("HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  BOOST_TEST(head.find(of_text) != std::string::npos, head);
  BOOST_TEST(head.ends_with("\r\n\r\n"), head);
  BOOST_TEST(answer_to("GET /?a=b HTTP/1.0\r\n\r\n").ends_with(text));
  BOOST_TEST(answer_to("GET /metricsx HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404 Not Found\r\n"));
  // However much is said to follow, it is the method that is wrong.
  for (const char* length : {"5", "20000000", "18446744073709551615"})
    BOOST_TEST(answer_to("PUT / HTTP/1.1\r\nContent-Length: " + std::string{length} + "\r\n\r\nabcde")
                   .starts_with("HTTP/1.1 405 Method Not Allowed\r\n"));
  for (const char* wrong : {"PRI * HTTP/2.0\r\n\r\n", "GET\r\n\r\n", "GET /metrics\r\n\r\n", " / HTTP/1.1\r\n\r\n"})
    BOOST_TEST(answer_to(wrong).starts_with("HTTP/1.1 400 Bad Request\r\n"), wrong);
}

BOOST_AUTO_TEST_CASE(its_end_waits_for_no_client) {
  text.assign(10'000'000, 'x');
  auto server = on_socket();
  const connection silent{path}, half{path}, deaf{path};
  half.send("GET /met");
  deaf.send("GET /metrics HTTP/1.1\r\n\r\n");
  BOOST_TEST(must_run("curl -sS --unix-socket " + path + " http://x/metrics | wc -c") == "10000000");
  server.reset();
  BOOST_TEST(silent.read().empty());
  BOOST_TEST(half.read().empty());
  BOOST_TEST(deaf.read().size() < 10'000'000U); // what its socket had room for, and then the end: not in its own time
}

BOOST_AUTO_TEST_CASE(more_connections_than_there_is_room_for) {
  const auto server = on_socket();
  std::vector<connection> all;
  all.reserve(300);
  for (int i = 0; i < 300; ++i)
    all.emplace_back(path);
  BOOST_TEST(all.front().read().empty()); // the oldest had to go
  BOOST_TEST(ask() + "\n" == text);
  all.clear();
  must_run("for i in $(seq 40); do curl -sS --unix-socket " + path + " http://x/metrics >/dev/null & done; wait");
  BOOST_TEST(ask() + "\n" == text);
}

BOOST_AUTO_TEST_CASE(what_a_killed_mount_has_left_is_replaced_and_nothing_else) {
  background left{"exec python3 -c 'import socket,time;s=socket.socket(socket.AF_UNIX);s.bind(\"" + path
                  + "\");s.listen();time.sleep(600)'"};
  BOOST_TEST(
      eventually([&] { return run("curl -sS --max-time 1 --unix-socket " + path + " http://x/").status == 28; }));
  const auto taken = start({path, {}, 0});
  BOOST_REQUIRE(!taken);
  BOOST_TEST(taken.error().code == EADDRINUSE);
  left.signal(SIGKILL);
  BOOST_TEST(left.result().has_value());
  BOOST_TEST(std::filesystem::exists(path));
  {
    const auto server = on_socket();
    BOOST_TEST(ask() + "\n" == text);
  }

  std::ofstream{path} << "mine";
  const auto refused = start({path, {}, 0});
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().code == EEXIST);
  BOOST_TEST(std::filesystem::file_size(path) == 4U);
}

BOOST_AUTO_TEST_CASE(a_folder_that_is_not_there) {
  const auto refused = start({dir.path() / "no" / "socket", {}, 0});
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().message.find("No such file") != std::string::npos, refused.error().message);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
