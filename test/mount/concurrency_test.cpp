// Many processes at once: all see the same, and nothing is left of them afterwards.
#include "test/mount/shared.hpp"

#include "test/support/background.hpp"
#include "test/support/command.hpp"
#include "test/support/fixtures.hpp"
#include "test/support/manifest.hpp"
#include "test/support/mount.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(concurrency)

namespace {

using namespace std::chrono_literals;
namespace data = boost::unit_test::data;

constexpr auto long_patience = 240'000ms;

// Types, modes, sizes, times and link targets of all, and bytes of all but the 100 MB file and nine of ten in the
// folder of 50,000 files (`equality` reads each), as one hash. -L is for nobody: links loop.
std::string walk(const std::filesystem::path& root) {
  return "cd " + root.string()
         + " && { find . -path ./.git -prune -o \\( ! -type d -printf '%P %y %m %s %l\\n' \\) | sort; "
           "find . -path ./.git -prune -o -type f -size -50M ! -path './many/*[1-9]' -print0 | sort -z | xargs -0 "
           "md5sum; } | md5sum";
}

std::vector<std::string> all_at_once(const std::vector<std::string>& scripts) {
  std::vector<std::unique_ptr<background>> running;
  for (const auto& each : scripts)
    running.push_back(std::make_unique<background>("export LC_ALL=C; " + each));
  std::vector<std::string> out;
  for (auto& each : running) {
    const auto done = each->result(long_patience);
    out.push_back(done ? done->output : "never ends");
  }
  return out;
}

std::size_t threads_of(const mount& m) {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator{"/proc/" + std::to_string(m.pid()) + "/task"},
                    std::filesystem::directory_iterator{}));
}

// The kernel forgets the inodes and dentries that nobody uses.
const std::string forget = as_root("echo 2 >/proc/sys/vm/drop_caches");

std::string source(const std::string& how) {
  return how == "local" ? awkward_repository().string() : fixture_server().url(awkward_name());
}

} // namespace

BOOST_DATA_TEST_CASE(eight_walkers_twice, data::make({"local", "http"}), how) {
  const std::string expected = must_run("export LC_ALL=C; " + walk(awkward_checkout())) + "\n";
  mount m{source(how), {"--ref", "main"}};
  must_run("ls", m.path());
  const std::size_t threads = threads_of(m);
  for (int round = 0; round < 2; ++round) {
    for (const auto& result : all_at_once(std::vector<std::string>(8, walk(m.path()))))
      BOOST_TEST(result == expected);
    drop_kernel_caches();
  }
  // The kernel forgets, and so do we: only the root's actor stays. Forgetting goes through mailboxes, so it takes a
  // moment.
  BOOST_TEST(m.counter("directories.spawned") > 200U);
  for (int i = 0; i < 600 && m.counter("directories.live") > 1; ++i) {
    std::this_thread::sleep_for(50ms);
    drop_kernel_caches();
  }
  BOOST_TEST(m.counter("directories.live") == 1U);
  // Not one thread per request, nor one copy of the repository per walker.
  BOOST_TEST(threads_of(m) <= threads + 4);
  if (!sanitized())
    BOOST_TEST(m.resident() < 300U << 20, m.resident() / 1024 << " KiB");
  m.unmount();
}

// While walkers walk, the kernel forgets under them, again and again.
BOOST_AUTO_TEST_CASE(forgetting_under_way) {
  const std::string expected = must_run("export LC_ALL=C; " + walk(awkward_checkout())) + "\n";
  mount m{source("http"), {"--ref", "main"}};
  background forgetter{"while sleep 0.2; do " + forget + " || exit; done"};
  for (const auto& result : all_at_once(std::vector<std::string>(2, walk(m.path()))))
    BOOST_TEST(result == expected);
  BOOST_TEST(forgetter.running());
  m.unmount();
}

// Names that are there and names that are not, files and folders, of a mount that knows nothing yet.
BOOST_AUTO_TEST_CASE(first_looks_at_the_same_path_see_the_same_inode) {
  for (const char* path : {"deep/0/1/2/3/4/5/6/7/8/9/file", "kinds/to-plain", "many/00499", "names"}) {
    const mount m{source("http"), {"--ref", "main"}};
    const auto results = all_at_once(std::vector<std::string>(8, "stat -c '%i %s %f' " + (m / path).string()));
    for (const auto& each : results)
      BOOST_TEST(each == results.front(), path);
    BOOST_TEST(results.front().find("cannot") == std::string::npos, results.front());
  }
}

// Deep paths and their ancestors are forgotten in any order; what stays referenced stays usable.
BOOST_AUTO_TEST_CASE(a_working_directory_deep_below_survives_forgetting) {
  const mount m{source("local"), {"--ref", "main"}};
  std::string deep = "deep";
  for (int i = 0; i < 200; ++i)
    deep += "/" + std::to_string(i);
  background inside{"cd " + (m / deep).string() + " && for i in $(seq 10); do " + forget
                    + " && cat file; sleep 0.05; done; cd ../.. && "
                      "cat file && pwd -P | wc -c"};
  const auto done = inside.result();
  BOOST_REQUIRE(done);
  std::string expected;
  for (int i = 0; i < 10; ++i)
    expected += "level 199\n";
  BOOST_TEST(done->output.starts_with(expected + "level 197\n"), done->output);
  BOOST_TEST(done->status == 0);
}

BOOST_AUTO_TEST_CASE(memory_does_not_grow_with_each_walk) {
  const mount m{source("local"), {"--ref", "main"}};
  const auto round = [&] {
    must_run("find . >/dev/null && find many/*0 deep names -type f -print0 | xargs -0 cat >/dev/null", m.path());
    drop_kernel_caches();
  };
  round();
  round();
  const std::size_t before = m.resident();
  for (int i = 0; i < 6; ++i)
    round();
  BOOST_TEST(m.resident() < before + (32U << 20), before / 1024 << " KiB, then " << m.resident() / 1024 << " KiB");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
