// Who waits may stop waiting: by a signal, or because the mount ends.
#include "test/support/background.hpp"
#include "test/support/command.hpp"
#include "test/support/git_server.hpp"
#include "test/support/mount.hpp"
#include "test/support/scratch_repository.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <string>

namespace gitfs::test {

namespace interrupt {

namespace {

using namespace std::chrono_literals;
namespace data = boost::unit_test::data;

constexpr std::uint64_t large = 20'000'000;

const scratch_repository& repository() {
  static const scratch_repository made{
      "mkdir a b && echo one >a/one && echo two >b/two && head -c 20000000 /dev/urandom >large"};
  return made;
}

struct slow_server {
  git_server server{repository().root()};
  // Over three minutes for the large file.
  std::string slow = server.url("rate100000", "scratch.git");

  // The transfer of the large file, as the server saw it: none as long as it goes on.
  bool transfer_was_cut() {
    const auto all = server.requests();
    return std::ranges::any_of(all, [](const server_request& each) {
      return each.command == "fetch" && each.bytes_sent > 50'000 && each.bytes_sent < large;
    });
  }
};

std::string reading(const mount& m) {
  return "exec cat " + (m / "large").string() + " >/dev/null";
}

// Inside a read of the mount, so that a signal finds it where it is to be tested.
bool is_waiting(const background& reader) {
  return eventually([&] {
    return run("grep -q ^rchar: /proc/" + std::to_string(reader.pid()) + "/io && cat /proc/"
               + std::to_string(reader.pid()) + "/wchan /proc/" + std::to_string(reader.pid()) + "/comm | tr '\\n' ' '")
               .output.find("cat")
           != std::string::npos;
  });
}

} // namespace

} // namespace interrupt

BOOST_FIXTURE_TEST_SUITE(interrupt, interrupt::slow_server)

BOOST_DATA_TEST_CASE(a_signal_ends_a_reader_and_its_transfer, data::make({SIGINT, SIGTERM, SIGKILL}), number) {
  const mount m{slow, {"-o", "prefetch=off"}};
  background reader{reading(m)};
  BOOST_REQUIRE(is_waiting(reader));
  pause_for(1500ms);
  BOOST_REQUIRE(reader.running());
  server.clear_requests();
  reader.signal(number);
  const auto done = reader.result();
  BOOST_REQUIRE_MESSAGE(done, "the reader cannot be ended");
  BOOST_TEST(done->status == 128 + number);
  BOOST_TEST(eventually([&] { return transfer_was_cut(); }));
  // The mount is as it was, and the file can be asked for again.
  BOOST_TEST(must_run("cat a/one b/two", m.path()) == "one\ntwo");
  background again{reading(m)};
  pause_for(1s);
  BOOST_TEST(again.running());
}

BOOST_AUTO_TEST_CASE(a_handler_sees_eintr_or_nothing) {
  const mount m{slow, {"-o", "prefetch=off"}};
  background reader{
      "exec python3 -c '\nimport os, signal, sys\nsignal.signal(signal.SIGALRM, lambda *_: (_ for _ in ()).throw("
      "InterruptedError()))\nsignal.alarm(2)\ntry:\n  os.read(os.open(\""
      + (m / "large").string() + "\", os.O_RDONLY), 1)\nexcept InterruptedError:\n  print(\"interrupted\")\n'"};
  const auto done = reader.result();
  BOOST_REQUIRE_MESSAGE(done, "a read with a signal handler does not return");
  BOOST_TEST(done->output == "interrupted\n");
}

BOOST_AUTO_TEST_CASE(who_still_waits_is_served) {
  const mount m{server.url("rate4000000", "scratch.git"), {"-o", "prefetch=off"}};
  must_run("stat large", m.path()); // which may cut a transfer short when it has the size
  server.clear_requests();
  background first{reading(m)};
  pause_for(500ms);
  // Another part of the file: for the same one it would wait in the kernel, for the first one's request.
  background second{"tail -c 1000 " + (m / "large").string() + " | md5sum"};
  BOOST_REQUIRE(is_waiting(first));
  pause_for(500ms);
  first.signal(SIGTERM);
  BOOST_TEST(first.result().has_value());
  const auto done = second.result();
  BOOST_REQUIRE(done);
  BOOST_TEST(done->output == must_run("tail -c 1000 large | md5sum", repository().work()) + "\n");
  // One transfer served both.
  const auto all = server.requests();
  BOOST_TEST(std::ranges::count_if(all, [](const auto& each) { return each.bytes_sent >= large; }) == 1);
  BOOST_TEST(!transfer_was_cut());
}

BOOST_AUTO_TEST_CASE(a_lookup_or_listing_that_waits_can_be_ended) {
  // A server that asks for fewer requests: until it does no longer every request waits.
  const mount m{server.url("scratch.git"), {"-o", "prefetch=off"}};
  must_run("ls", m.path());
  server.answer_all_with("429");
  for (const char* command : {"ls a", "stat a/one", "ls -R", "cat large"}) {
    background waiting{"cd " + m.path().string() + "; exec " + command};
    pause_for(1s);
    BOOST_TEST(waiting.running(), command);
    waiting.signal(SIGTERM);
    BOOST_TEST(waiting.result().has_value(), command << " cannot be ended");
  }
  server.answer_all_with("");
  BOOST_TEST(must_run("cat a/one", m.path()) == "one");
}

BOOST_DATA_TEST_CASE(a_signal_to_the_daemon_ends_all, data::make({SIGTERM, SIGINT}), number) {
  mount m{slow, {"-o", "prefetch=off"}};
  background reader{reading(m)};
  // By whole paths: below a working directory the kernel would serve from memory for ever.
  background busy{"while cat " + (m / "a/one").string() + " >/dev/null && ls " + m.path().string()
                  + " >/dev/null; do :; done"};
  BOOST_REQUIRE(is_waiting(reader));
  pause_for(1s);
  BOOST_TEST(reader.running());
  BOOST_TEST(busy.running());
  ::kill(m.pid(), number);
  const auto done = reader.result();
  BOOST_REQUIRE_MESSAGE(done, "the reader outlives the mount");
  BOOST_TEST(done->status == 1);
  BOOST_TEST_MESSAGE(done->output);
  BOOST_TEST(busy.result().has_value());
  m.expect_end();
  BOOST_TEST(eventually([&] { return transfer_was_cut(); }));
}

BOOST_AUTO_TEST_CASE(unmount_says_that_the_mount_is_in_use) {
  mount m{slow, {"-o", "prefetch=off"}};
  background reader{reading(m)};
  BOOST_REQUIRE(is_waiting(reader));
  pause_for(500ms);
  const auto refused = run_program({"unmount", m.path().string()});
  BOOST_TEST(refused.status != 0);
  BOOST_TEST(refused.output.find("in use") != std::string::npos, refused.output);
  BOOST_TEST(run("fusermount3 -u " + m.path().string()).status != 0);
  BOOST_TEST(reader.running());
  BOOST_TEST(must_run("cat a/one", m.path()) == "one");
  reader.signal(SIGKILL);
  BOOST_TEST(reader.result().has_value());
  m.unmount();
}

BOOST_AUTO_TEST_CASE(a_lazy_unmount_ends_with_its_last_user) {
  mount m{slow, {"-o", "prefetch=off"}};
  background reader{reading(m)};
  BOOST_REQUIRE(is_waiting(reader));
  pause_for(500ms);
  must_run("fusermount3 -uz " + m.path().string());
  BOOST_TEST(!is_mounted(m.path()));
  BOOST_TEST(reader.running());
  reader.signal(SIGTERM);
  BOOST_TEST(reader.result().has_value());
  m.expect_end();
}

BOOST_AUTO_TEST_CASE(fusermount_ends_an_idle_mount) {
  mount m{server.url("scratch.git")};
  BOOST_TEST(must_run("cat a/one", m.path()) == "one");
  must_run("fusermount3 -u " + m.path().string());
  m.expect_end();
}

// Also while what nobody asked for is on its way.
BOOST_AUTO_TEST_CASE(a_mount_ends_during_its_prefetch) {
  for (int round = 0; round < 5; ++round) {
    mount m{server.url("d300", "scratch.git")};
    background listing{"ls -R " + m.path().string() + " >/dev/null"};
    pause_for(std::chrono::milliseconds{round * 100});
    ::kill(m.pid(), SIGTERM);
    BOOST_TEST(listing.result().has_value());
    m.expect_end();
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
