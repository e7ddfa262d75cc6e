// Two runs of the same, as `trace diff` sees them. Runs alone: other suites make the kernel forget what it has looked
// up, and a FORGET is in the trace of one run then and not in the other's.
#include "test/support/command.hpp"
#include "test/support/git_server.hpp"
#include "test/support/mount.hpp"
#include "test/support/scratch_repository.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(two_traces)

// One reader after the other, so that both runs do the same; one thread, so in the same order.
BOOST_AUTO_TEST_CASE(what_is_the_same_and_what_is_not) {
  const scratch_repository repository{"mkdir -p one/a two/b; echo 1 >one/a/f; echo 2 >two/b/f"};
  const git_server server{repository.root()};
  const temp_dir dir;
  for (const char* name : {"first", "other", "longer"}) {
    const mount m{server.url("scratch.git"), {"--trace", dir / name, "--threads", "1", "-oprefetch=off"}};
    must_run("cat one/a/f; ls two/b >/dev/null", m.path());
    if (name == std::string{"longer"})
      must_run("! cat one/a/missing 2>/dev/null", m.path());
  }
  const auto diff = [&](const char* name) { return run_program({"trace", "diff", dir / "first", dir / name}); };
  const auto same = diff("first");
  BOOST_TEST(same.status == 0, same.output);
  BOOST_TEST(holds(same.output, "the same was done: "), same.output);
  const auto other = diff("other");
  BOOST_TEST(other.status == 0, other.output);
  const auto longer = diff("longer");
  BOOST_TEST(longer.status == 1, longer.output);
  BOOST_TEST(holds(longer.output, "first difference: "), longer.output);
  BOOST_TEST(holds(longer.output, "first:        nothing more"), longer.output);
  BOOST_TEST(holds(longer.output, "0 only in the first, 1 only in the other"), longer.output);
  const auto none = diff("none");
  BOOST_TEST(none.status == 2, none.output);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
