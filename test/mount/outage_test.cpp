// A server that goes away and comes back: readers wait for it, in one way for all of them, and nobody has to wait.
#include "test/mount/shared.hpp"

#include "test/support/background.hpp"
#include "test/support/command.hpp"
#include "test/support/git_server.hpp"
#include "test/support/manifest.hpp"
#include "test/support/mount.hpp"
#include "test/support/scratch_repository.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

namespace gitfs::test {

namespace outage {

namespace {

using namespace std::chrono_literals;

const scratch_repository& repository() {
  static const scratch_repository made{
      "for i in a b c d e f; do mkdir $i; echo $i one >$i/one; echo $i two >$i/two; done"};
  return made;
}

std::string content(const std::filesystem::path& file) {
  std::ifstream in{file};
  return {std::istreambuf_iterator<char>{in}, {}};
}

struct served {
  git_server server{repository().root()};
  temp_dir dir;
  // Nothing is here but what was asked for, so a test knows what still needs the server.
  mount at(const std::string& timeout, std::vector<std::string> more = {}) const {
    more.insert(more.end(), {"-o", "prefetch=off", "--timeout=" + timeout});
    return mount{server.url("scratch.git"), more};
  }
  static bool says(const mount& m, const std::string& words) { return times(m.log(), words) > 0; }

  // A `mount --wait` that has found that the server is away.
  std::unique_ptr<background> waiting_mount(const std::string& options = "") const {
    auto out =
        std::make_unique<background>("exec " + std::string{std::getenv("GITFS_BINARY")} + " mount --wait --log-file "
                                     + (dir / "log").string() + " --cache-dir " + (dir / "cache").string() + " "
                                     + options + " " + server.url("scratch.git") + " " + (dir / "mnt").string());
    BOOST_REQUIRE(eventually([&] { return times(content(dir / "log"), "is away") == 1; }));
    BOOST_TEST(out->running());
    return out;
  }
  bool no_process() const {
    return eventually([&] { return run("pgrep -f " + (dir / "mnt").string()).status != 0; });
  }
};

} // namespace

} // namespace outage

BOOST_FIXTURE_TEST_SUITE(outage, outage::served)

BOOST_AUTO_TEST_CASE(readers_wait_while_the_server_restarts) {
  const mount m = at("60");
  BOOST_TEST(must_run("ls", m.path()) == "a\nb\nc\nd\ne\nf");
  BOOST_TEST(must_run("ls a", m.path()) == "one\ntwo");
  for (int round = 1; round <= 2; ++round) {
    server.stop();
    std::vector<std::unique_ptr<background>> readers;
    const std::string here = round == 1 ? "a b" : "c d e";
    readers.push_back(std::make_unique<background>("cd " + m.path().string() + " && for i in " + here
                                                   + "; do cat $i/one & ls $i & stat $i/two & done; wait"));
    readers.push_back(std::make_unique<background>("exec cat " + (m / (round == 1 ? "a/two" : "f/two")).string()));
    BOOST_TEST(eventually([&] { return times(m.log(), "is away") == static_cast<std::size_t>(round); }));
    if (round == 1)
      pause_for(3s); // as long as a server takes to restart
    for (const auto& each : readers)
      BOOST_TEST(each->running());
    server.start();
    for (const auto& each : readers) {
      const auto done = each->result();
      BOOST_REQUIRE_MESSAGE(done, "a reader never ends");
      BOOST_TEST(done->status == 0, done->output);
      BOOST_TEST(times(done->output, "error") == 0U, done->output);
    }
    BOOST_TEST(times(m.log(), "is away") == static_cast<std::size_t>(round), m.log());
    BOOST_TEST(times(m.log(), "answers again") == static_cast<std::size_t>(round), m.log());
  }
  BOOST_TEST(times(m.log(), "upstream request failed") == 0U, m.log());
  BOOST_TEST(difference(manifest(repository().work()), manifest(m.path())) == "");
}

BOOST_AUTO_TEST_CASE(a_front_whose_server_is_away_is_waited_for_as_well) {
  for (const char* status : {"502", "503", "504"}) {
    const mount m = at("60");
    must_run("ls", m.path());
    server.answer_all_with(status);
    background reader{"cat " + (m / "a/one").string()};
    BOOST_TEST(eventually([&] { return says(m, "is away"); }), status);
    BOOST_TEST(reader.running());
    server.answer_all_with("");
    const auto done = reader.result();
    BOOST_REQUIRE_MESSAGE(done, status);
    BOOST_TEST(done->output == "a one\n", status);
  }
}

BOOST_AUTO_TEST_CASE(the_wait_ends_and_later_readers_do_not_begin_another) {
  const mount m = at("4");
  must_run("ls", m.path());
  server.stop();
  background first{"cat " + (m / "a/one").string()};
  BOOST_TEST(eventually([&] { return says(m, "is away"); }));
  const auto done = first.result();
  BOOST_REQUIRE(done);
  BOOST_TEST(times(done->output, "Input/output error") == 1U, done->output);
  // With a wait of its own for each this would take longer than a test waits.
  background later{"cd " + m.path().string() + "; for i in b c d e f; do cat $i/one $i/two; ls $i; done"};
  const auto all = later.result();
  BOOST_REQUIRE_MESSAGE(all, "each reader waits anew");
  BOOST_TEST(times(all->output, "Input/output error") == 15U, all->output);
  BOOST_TEST(times(m.log(), "is away") == 1U, m.log());
  BOOST_TEST(times(m.log(), "upstream request failed") == 0U, m.log());
  server.start();
  BOOST_TEST(must_run("cat b/one", m.path()) == "b one");
  BOOST_TEST(times(m.log(), "answers again") == 1U, m.log());
}

BOOST_AUTO_TEST_CASE(a_signal_ends_a_wait) {
  mount m = at("600");
  must_run("ls", m.path());
  server.stop();
  for (const char* command : {"ls a", "stat b/one", "cat c/one"})
    for (const int number : {SIGINT, SIGTERM, SIGKILL}) {
      background reader{"cd " + m.path().string() + "; exec " + command};
      BOOST_TEST(eventually([&] { return says(m, "is away"); }));
      // Before it is the program itself, the signal meets a shell, or handlers of this test.
      const std::string name = std::string{command}.substr(0, std::string_view{command}.find(' ')) + "\n";
      const std::string comm = "cat /proc/" + std::to_string(reader.pid()) + "/comm";
      BOOST_TEST(eventually([&] { return run(comm).output == name; }));
      BOOST_TEST(reader.running());
      reader.signal(number);
      BOOST_TEST(reader.result().has_value(), command << " cannot be ended");
    }
  background reader{"cat " + (m / "d/one").string()};
  pause_for(200ms);
  BOOST_TEST(reader.running());
  ::kill(m.pid(), SIGTERM);
  BOOST_TEST(reader.result().has_value());
  m.expect_end();
}

BOOST_AUTO_TEST_CASE(a_rate_limit_fails_nobody) {
  const mount m = at("60");
  must_run("ls", m.path());
  server.answer_all_with("429");
  background readers{"cd " + m.path().string() + " && for i in a b c d e f; do cat $i/one $i/two & done; wait"};
  server.clear_requests();
  BOOST_TEST(eventually([&] { return server.count() >= 5U; })); // more often than one request would be tried
  BOOST_TEST(readers.running());
  server.answer_all_with("");
  const auto done = readers.result();
  BOOST_REQUIRE(done);
  BOOST_TEST(times(done->output, "error") == 0U, done->output);
  BOOST_TEST(times(done->output, " one\n") == 6U, done->output);
}

BOOST_AUTO_TEST_CASE(a_mount_may_wait_for_its_server) {
  server.stop();
  const auto starting = waiting_mount();
  server.start();
  const auto done = starting->result();
  BOOST_REQUIRE(done);
  BOOST_TEST(done->status == 0, done->output);
  BOOST_TEST(must_run("cat a/one", dir / "mnt") == "a one");
  BOOST_TEST(run_program({"unmount", dir / "mnt"}).status == 0);
}

BOOST_AUTO_TEST_CASE(waiting_for_a_server_ends_after_the_timeout) {
  server.stop();
  const auto starting = waiting_mount("--timeout=2");
  const auto done = starting->result();
  BOOST_REQUIRE(done);
  BOOST_TEST(done->status == 1);
  BOOST_TEST(times(done->output, "cannot connect") == 1U, done->output);
  BOOST_TEST(times(done->output, "away since") == 1U, done->output);
}

BOOST_AUTO_TEST_CASE(waiting_for_a_server_ends_with_a_signal) {
  server.stop();
  for (const int number : {SIGINT, SIGTERM}) {
    const auto starting = waiting_mount("--foreground");
    starting->signal(number);
    const auto done = starting->result();
    BOOST_REQUIRE(done);
    BOOST_TEST(done->status == 1);
    BOOST_TEST(times(done->output, "cancelled") == 1U, done->output);
    std::filesystem::remove(dir / "log");
  }
}

// As Ctrl-C ends it: what would mount in the background is in a session of its own, which no signal from a terminal
// meets.
BOOST_AUTO_TEST_CASE(waiting_for_a_server_ends_with_its_caller) {
  server.stop();
  const auto starting = waiting_mount();
  starting->signal(SIGINT);
  BOOST_TEST(starting->result().has_value());
  BOOST_TEST(no_process());
  server.start();
  BOOST_TEST(!is_mounted(dir / "mnt"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
