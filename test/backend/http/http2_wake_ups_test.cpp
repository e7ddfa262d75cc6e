// libcurl 7.88 loses wake-ups with HTTP/2, so nothing waits for long while such a request runs. The calls of poll(2)
// are looked at on their way: this program's stands before the C library's.
#include "backend/http/http_client.hpp"
#include "backend/http/http_exchange.hpp"
#include "test/support/environment.hpp"
#include "test/support/git_server.hpp"
#include "test/support/scratch_repository.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <poll.h>
#include <pthread.h>
#include <string>
#include <string_view>

namespace gitfs::test {

namespace http2_wake_ups {

namespace {

std::atomic<bool> looking{false};
std::atomic<int> longest_wait{0}; ///< milliseconds, of the thread that has libcurl; -1 is for ever

void see(int milliseconds) {
  char name[16] = "";
  if (!looking || ::pthread_getname_np(::pthread_self(), name, sizeof name) != 0 || std::string_view{name} != "http")
    return;
  const int wait = milliseconds < 0 ? 1 << 30 : milliseconds;
  for (int before = longest_wait; before < wait && !longest_wait.compare_exchange_weak(before, wait);) {
  }
}

} // namespace

} // namespace http2_wake_ups

} // namespace gitfs::test

extern "C" int poll(pollfd* all, nfds_t count, int milliseconds) {
  gitfs::test::http2_wake_ups::see(milliseconds);
  const timespec limit{milliseconds / 1000, milliseconds % 1000 * 1'000'000L};
  return ::ppoll(all, count, milliseconds < 0 ? nullptr : &limit, nullptr);
}

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(http2_wake_ups)

using namespace http2_wake_ups;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_CASE(while_a_request_over_http2_runs_nothing_waits_for_long) {
  const scratch_repository repository{"echo x >file"};
  for (const auto over : {transport::tls, transport::plain}) {
    git_server server{repository.root(), over};
    const std::string certificate = server.certificate();
    const scoped_env trusted{"GIT_SSL_CAINFO", certificate.c_str()}, no_proxy{"no_proxy", "*"};
    const temp_dir home;
    const scoped_env home_is{"HOME", home.path().c_str()};
    gitfs::http_client client;
    const auto to = [&](const std::string& modifiers) {
      http_request out;
      out.url = server.url(modifiers, "scratch.git") + "/info/refs?service=git-upload-pack";
      out.deadline = std::chrono::steady_clock::now() + 60s;
      return out;
    };
    longest_wait = 0;
    looking = true;
    http_exchange slow{client, to("d5000"), {}}; // runs as long as this looks
    http_exchange quick{client, to("d300"), {}};
    BOOST_TEST(!quick.read_all(1 << 20).empty());
    looking = false;
    BOOST_TEST(quick.end().head.status == 200);
    const auto done = server.requests();
    BOOST_REQUIRE(!done.empty());
    const bool http2 = over == transport::tls;
    BOOST_TEST(done.front().protocol == (http2 ? "HTTP/2.0" : "HTTP/1.1"));
    if (http2)
      BOOST_TEST(longest_wait <= 50);
    else
      BOOST_TEST(longest_wait > 1000); // it was seen at all, and HTTP/1.1 costs nothing
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
