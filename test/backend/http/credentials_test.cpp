#include "backend/http/credentials.hpp"
#include "backend/os/child_process.hpp"
#include "config/unique_fd.hpp"
#include "test/support/command.hpp"
#include "test/support/fault_server.hpp"
#include "test/support/outcome.hpp"
#include "test/support/temp_dir.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <future>
#include <new>
#include <thread>
#include <unistd.h>

namespace gitfs::test {

namespace credentials {

using namespace std::chrono_literals;

namespace {

std::chrono::steady_clock::time_point soon() {
  return std::chrono::steady_clock::now() + 20s;
}

/// A git whose only credential helper writes down what it is told, and answers from a file.
struct fixture {
  fixture() {
    std::ofstream{dir / "helper"} << "#!/bin/sh\n{ echo \"action=$1\"; cat; } >> '" << (dir / "log").string()
                                  << "'\n[ \"$1\" = get ] && cat '" << (dir / "answer").string() << "'\nexit 0\n";
    std::filesystem::permissions(dir / "helper", std::filesystem::perms::owner_all);
    std::ofstream{dir / "gitconfig"} << "[credential]\n\thelper = " << (dir / "helper").string() << "\n";
    answer("");
  }
  void answer(const std::string& text) const { std::ofstream{dir / "answer"} << text; }
  std::string log() const {
    std::ifstream in{dir / "log"};
    return {std::istreambuf_iterator<char>{in}, {}};
  }

  test::temp_dir dir;
  test::scoped_env config{"GIT_CONFIG_GLOBAL", (dir / "gitconfig").c_str()};
  test::scoped_env system{"GIT_CONFIG_SYSTEM", "/dev/null"};
  test::scoped_env askpass{"GIT_ASKPASS", nullptr};
  test::scoped_env ssh_askpass{"SSH_ASKPASS", nullptr};
  const std::string url = "https://example.org:8443/a/b.git";
};

} // namespace

} // namespace credentials

BOOST_FIXTURE_TEST_SUITE(credentials, credentials::fixture)

BOOST_AUTO_TEST_CASE(a_child_inherits_no_descriptor_and_answers) {
  const unique_fd leak{::fcntl(0, F_DUPFD, 100)}; // without FD_CLOEXEC; so high that the shell does not use it itself
  const auto out = run_child({"bash", "-c", "cat; for fd in /proc/self/fd/*; do echo \"${fd##*/}\"; done; echo $NEW"},
                             {"NEW=value"}, "in\n", {}, soon());
  BOOST_REQUIRE_MESSAGE(out, test::reason_of(out));
  BOOST_TEST(out.value().starts_with("in\n"));
  BOOST_TEST(out.value().ends_with("value\n"));
  BOOST_TEST(out.value().find("\n" + std::to_string(leak.get()) + "\n") == std::string::npos, out.value());
}

BOOST_AUTO_TEST_CASE(a_child_that_fails_or_hangs_is_an_error) {
  BOOST_TEST(run_child({"false"}, {}, "", {}, soon()).error().code == EIO);
  BOOST_TEST(run_child({"/no/such/program"}, {}, "", {}, soon()).error().code == EIO);
  // it also dies with what it started, or the answer would come a thousand seconds late
  const auto slow = run_child({"bash", "-c", "sleep 1000 | cat"}, {}, std::string(1'000'000, 'x'), {},
                              std::chrono::steady_clock::now() + 100ms);
  BOOST_TEST(slow.error().code == ETIMEDOUT);
  std::stop_source stop;
  std::thread stopper{[&] {
    std::this_thread::sleep_for(50ms);
    stop.request_stop();
  }};
  BOOST_TEST(run_child({"sleep", "1000"}, {}, "", stop.get_token(), soon()).error().code == ECANCELED);
  stopper.join();
  BOOST_TEST(run_child({"bash", "-c", "exec >&- <&-; sleep 0.05"}, {}, "", {}, soon()).value() == "");
}

BOOST_AUTO_TEST_CASE(asks_gits_helpers_and_tells_them_how_it_went) {
  answer("username=joe\npassword=hunter2\n");
  authenticator who{url, {}};
  const auto nothing = who.current(url);
  BOOST_TEST(nothing.used.empty());
  BOOST_REQUIRE(who.renew(url, nothing, {}, {}, soon()));
  const auto known = who.current(url);
  BOOST_TEST(known.used.username == "joe");
  BOOST_TEST(known.used.password == "hunter2");
  BOOST_TEST(log().find("action=get\nprotocol=https\nhost=example.org:8443\n") != std::string::npos, log());
  who.accepted(url, known);
  who.accepted(url, known);
  const std::string stored = log();
  BOOST_TEST(stored.find("action=store") != std::string::npos);
  BOOST_TEST(stored.find("action=store") == stored.rfind("action=store"));
  // refused later: told to forget it, and asked again
  answer("username=joe\npassword=newer\n");
  BOOST_REQUIRE(who.renew(url, known, {}, {}, soon()));
  BOOST_TEST(who.current(url).used.password == "newer");
  BOOST_TEST(log().find("action=erase") != std::string::npos);
  // one who was refused with the old ones is sent to try the new ones, without another question
  const std::string before = log();
  BOOST_TEST(bool(who.renew(url, known, {}, {}, soon())));
  BOOST_TEST(log() == before);
}

BOOST_AUTO_TEST_CASE(gives_up_with_advice) {
  authenticator who{url, {}};
  const auto none = who.renew(url, who.current(url), {}, {}, soon());
  BOOST_REQUIRE(!none);
  BOOST_TEST(none.error().code == EACCES);
  BOOST_TEST(none.error().message.find("example.org:8443") != std::string::npos);
  BOOST_TEST(none.error().message.find("credential helper") != std::string::npos);
  answer("username=joe\npassword=stale\n");
  BOOST_REQUIRE(who.renew(url, who.current(url), {}, {}, soon()));
  const auto same = who.renew(url, who.current(url), {}, {}, soon());
  BOOST_REQUIRE(!same);
  BOOST_TEST(same.error().code == EACCES);
  BOOST_TEST(same.error().message.find("stale") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(those_of_the_url_come_first_and_stay_with_their_origin) {
  authenticator who{url, {"joe", "hunter2"}};
  BOOST_TEST(who.current("https://EXAMPLE.org:8443/else").used.password == "hunter2");
  for (const char* other : {"http://example.org:8443/a", "https://example.org/a", "https://evil.example:8443/a"})
    BOOST_TEST(who.current(other).used.empty(), other);
  const auto refused = who.renew(url, who.current(url), {}, {}, soon());
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().code == EACCES);
  BOOST_TEST(refused.error().message.find("hunter2") == std::string::npos);
  BOOST_TEST(log() == "");
}

BOOST_AUTO_TEST_CASE(a_user_name_of_the_url_narrows_the_question) {
  answer("password=secret\n");
  authenticator who{url, {"joe", ""}};
  BOOST_REQUIRE(who.renew(url, who.current(url), {}, {}, soon()));
  BOOST_TEST(log().find("username=joe\n") != std::string::npos, log());
  BOOST_TEST(who.current(url).used.username == "joe");
  BOOST_TEST(who.current(url).used.password == "secret");
}

BOOST_AUTO_TEST_CASE(many_that_were_refused_together_ask_once) {
  answer("username=joe\npassword=hunter2\n");
  authenticator who{url, {}};
  const auto nothing = who.current(url);
  std::vector<std::thread> threads;
  std::atomic<int> done{0};
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] { done += who.renew(url, nothing, {}, {}, soon()) ? 1 : 0; });
  for (std::thread& each : threads)
    each.join();
  BOOST_TEST(done == 8);
  const std::string asked = log();
  BOOST_TEST(asked.find("action=get") == asked.rfind("action=get"));
}

BOOST_AUTO_TEST_CASE(while_one_reads_the_password_again_nobody_is_blocked) {
  std::promise<void> asked, answer;
  std::atomic<int> times{0};
  authenticator who{url, {"joe", "old"}, [&]() -> result<std::string> {
                      if (++times == 1) {
                        asked.set_value();
                        answer.get_future().wait();
                      }
                      return std::string{"new"};
                    }};
  const auto old = who.current(url);
  auto first = std::async(std::launch::async, [&] { return static_cast<bool>(who.renew(url, old, {}, {}, soon())); });
  asked.get_future().wait();
  BOOST_TEST(who.current(url).used.password == "old"); // readers do not wait
  BOOST_TEST(who.renew(url, old, {}, {}, std::chrono::steady_clock::now()).error().code == ETIMEDOUT);
  std::stop_source stop;
  stop.request_stop();
  BOOST_TEST(who.renew(url, old, {}, stop.get_token(), soon()).error().code == ECANCELED);
  auto second = std::async(std::launch::async, [&] { return static_cast<bool>(who.renew(url, old, {}, {}, soon())); });
  answer.set_value();
  BOOST_TEST(first.get());
  BOOST_TEST(second.get());
  BOOST_TEST(times == 1);
  BOOST_TEST(who.current(url).used.password == "new");
}

BOOST_AUTO_TEST_CASE(a_password_whose_source_throws_is_asked_for_again) {
  int times = 0;
  authenticator who{url, {"joe", "old"}, [&]() -> result<std::string> {
                      if (++times == 1)
                        throw std::bad_alloc{};
                      return std::string{"new"};
                    }};
  const auto old = who.current(url);
  BOOST_CHECK_THROW((void)who.renew(url, old, {}, {}, soon()), std::bad_alloc);
  BOOST_TEST(static_cast<bool>(who.renew(url, old, {}, {}, soon())));
  BOOST_TEST(who.current(url).used.password == "new");
}

BOOST_AUTO_TEST_CASE(another_scheme_than_basic_is_used_where_the_server_wants_one) {
  using enum auth_scheme;
  const auto challenge = [](std::vector<auth_scheme> offered) { return http_challenge{std::move(offered), {"some"}}; };
  {
    authenticator who{url, {"joe", "hunter2"}};
    BOOST_TEST((who.current(url).scheme == basic));
    BOOST_REQUIRE(who.renew(url, who.current(url), challenge({digest, ntlm}), {}, soon()));
    BOOST_TEST((who.current(url).scheme == digest));
    BOOST_TEST(who.current(url).used.password == "hunter2");
    // refused in that, too: so it is the password
    const auto refused = who.renew(url, who.current(url), challenge({digest, ntlm}), {}, soon());
    BOOST_TEST(refused.error().code == EACCES);
  }
  {
    authenticator who{url, {"joe", "hunter2"}}; // Basic is offered, so it is the password that is wrong
    BOOST_TEST(who.renew(url, who.current(url), challenge({basic, digest, negotiate}), {}, soon()).error().code
               == EACCES);
  }
  {
    answer("username=joe\npassword=hunter2\n"); // a ticket is tried before the helpers, and they are asked without one
    authenticator who{url, {}};
    BOOST_REQUIRE(who.renew(url, who.current(url), challenge({basic, negotiate}), {}, soon()));
    BOOST_TEST((who.current(url).scheme == negotiate && who.current(url).used.empty()));
    BOOST_REQUIRE(who.renew(url, who.current(url), challenge({basic, negotiate}), {}, soon()));
    BOOST_TEST((who.current(url).scheme == basic && who.current(url).used.password == "hunter2"));
  }
  {
    authenticator who{url, {"joe", "hunter2"}}; // what is known of one host is not used for another
    const std::string elsewhere = "https://other.org/x.git";
    BOOST_REQUIRE(who.renew(elsewhere, who.current(elsewhere), challenge({digest}), {}, soon()));
    BOOST_TEST((who.current(elsewhere).scheme == digest));
    BOOST_TEST((who.current(url).used.empty() && who.current(url).scheme == basic));
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
