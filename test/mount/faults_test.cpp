// The server may fail in any way and come back: the mount stays, and nobody waits for ever.
#include "test/mount/shared.hpp"

#include "test/support/background.hpp"
#include "test/support/command.hpp"
#include "test/support/git_server.hpp"
#include "test/support/manifest.hpp"
#include "test/support/mount.hpp"
#include "test/support/scratch_repository.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <string>

namespace gitfs::test {

namespace faults {

namespace {

using namespace std::chrono_literals;

// Without prefetch nothing but what was asked for is here, so a test knows what still needs the server.
const std::vector<std::string> alone{"-o", "prefetch=off", "--connect-timeout=1", "--stall-timeout=2", "--timeout=3"};
const std::vector<std::string> patient{"-o", "prefetch=off", "--connect-timeout=10", "--stall-timeout=20",
                                       "--timeout=60"};

const scratch_repository& repository() {
  static const scratch_repository made{
      "mkdir a b c d && for i in a b c d; do echo $i one >$i/one; echo $i two >$i/two; done && "
      "head -c 20000000 /dev/urandom >large"};
  return made;
}

struct served {
  git_server server{repository().root()};
  mount at(const std::string& modifiers, const std::vector<std::string>& options = alone) const {
    return mount{server.url(modifiers, "scratch.git"), options};
  }
};

std::string read(const mount& m, const std::string& name) {
  return must_run("cat " + name, m.path());
}

// That it fails, in time, and as a system call that cannot reach its server may.
bool fails_as_it_may(const std::string& command, const mount& m) {
  background attempt{"cd " + m.path().string() + " && exec " + command};
  const auto done = attempt.result();
  if (!done) {
    BOOST_TEST_MESSAGE(command << " never ends");
    return false;
  }
  const bool known = done->output.find("Input/output error") != std::string::npos
                     || done->output.find("Connection timed out") != std::string::npos;
  if (done->status == 0 || !known)
    BOOST_TEST_MESSAGE(command << ": " << done->status << " " << done->output.substr(0, 300));
  return done->status != 0 && known;
}

} // namespace

} // namespace faults

BOOST_FIXTURE_TEST_SUITE(faults, faults::served)

BOOST_AUTO_TEST_CASE(a_server_that_is_gone_and_comes_back) {
  const mount m = at("");
  BOOST_TEST(read(m, "a/one") == "a one");
  BOOST_TEST(must_run("ls b", m.path()) == "one\ntwo");
  server.stop();

  BOOST_TEST(read(m, "a/one") == "a one");
  drop_kernel_caches();
  // From the store, now that the kernel has forgotten it.
  BOOST_TEST(read(m, "a/one") == "a one");
  BOOST_TEST(must_run("ls b", m.path()) == "one\ntwo");

  BOOST_TEST(fails_as_it_may("cat a/two", m));
  BOOST_TEST(fails_as_it_may("ls c", m));
  BOOST_TEST(fails_as_it_may("cat d/one", m));
  BOOST_TEST(run("cat a/nothing", m.path()).output.find("No such file") != std::string::npos);

  server.start();
  BOOST_TEST(read(m, "a/two") == "a two");
  BOOST_TEST(must_run("ls c", m.path()) == "one\ntwo");
  BOOST_TEST(read(m, "d/one") == "d one");
}

// Names known, attributes not: what was ahead of the reader when the server went away must not stick.
BOOST_AUTO_TEST_CASE(with_prefetch_too) {
  const mount m = at("", {"--connect-timeout=1", "--timeout=2"});
  BOOST_TEST(must_run("ls", m.path()) == "a\nb\nc\nd\nlarge");
  server.stop();
  run("timeout 60 cat a/one b/one; timeout 60 ls -l c", m.path());
  server.start();
  BOOST_TEST(difference(manifest(repository().work()), manifest(m.path())) == "");
}

BOOST_AUTO_TEST_CASE(an_answer_of_later_is_asked_again) {
  for (const char* status : {"503", "502", "500", "429", "429 1"}) {
    const mount m = at("", patient);
    server.answer_all_with(status);
    server.clear_requests();
    background reader{"cat " + (m / "a/one").string()};
    BOOST_TEST(eventually([&] { return server.count() > 0; }), status);
    BOOST_TEST(reader.running(), status);
    server.answer_all_with("");
    const auto done = reader.result();
    BOOST_REQUIRE_MESSAGE(done, status);
    BOOST_TEST(done->output == "a one\n", status);
  }
}

BOOST_AUTO_TEST_CASE(an_answer_of_never_again_is_an_error_and_the_mount_stays) {
  const mount m = at("");
  for (const char* status : {"503", "404", "400"}) {
    server.answer_all_with(status);
    BOOST_TEST(fails_as_it_may("cat b/one", m), status);
    server.answer_all_with("");
  }
  BOOST_TEST(read(m, "b/one") == "b one");
}

BOOST_AUTO_TEST_CASE(a_connection_that_is_cut) {
  // What it takes to start is cut, too, and tried again.
  const mount m = at("cut100000", {"-o", "prefetch=off", "--connect-timeout=1", "--stall-timeout=2", "--timeout=10"});
  BOOST_TEST(fails_as_it_may("cat large", m));
  BOOST_TEST(read(m, "a/one") == "a one");
  BOOST_TEST(must_run("stat -c %s large", m.path()) == "20000000");
  BOOST_TEST(fails_as_it_may("cat large", m));
}

// 20 MB at 100 kB a second: over three minutes, in which all else must go on.
BOOST_AUTO_TEST_CASE(one_slow_read_holds_up_nobody_else) {
  const mount m = at("rate100000", patient);
  BOOST_TEST(read(m, "a/one") == "a one");
  background reader{"cat " + (m / "large").string()};
  background other_part{"tail -c 1 " + (m / "large").string()};
  pause_for(1s);
  BOOST_TEST(read(m, "a/one") == "a one");
  BOOST_TEST(must_run("ls", m.path()) == "a\nb\nc\nd\nlarge");
  // More than the worker threads, and not here yet.
  BOOST_TEST(read(m, "a/two") == "a two");
  BOOST_TEST(must_run("cat b/one c/one d/two", m.path()) == "b one\nc one\nd two");
  BOOST_TEST(reader.running());
  BOOST_TEST(other_part.running());
}

BOOST_AUTO_TEST_CASE(many_slow_reads_hold_up_nobody_else) {
  const mount m = at("rate100000", {"-o", "prefetch=off", "--threads=2"});
  must_run("ls -lR >/dev/null && cat a/one", m.path());
  background readers{"cd " + m.path().string() + " && for i in 1 2 3 4 5 6 7 8; do cat large >/dev/null & done; wait"};
  pause_for(1s);
  drop_kernel_caches();
  BOOST_TEST(read(m, "a/one") == "a one");
  BOOST_TEST(must_run("ls a b c d | wc -l", m.path()) == "15");
  BOOST_TEST(readers.running());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
