// Mounts end, in whatever way somebody ends them and whatever they are doing. Orders of what goes on inside are those
// of actors/catalog.ends.
#include "test/support/background.hpp"
#include "test/support/command.hpp"
#include "test/support/git_server.hpp"
#include "test/support/mount.hpp"
#include "test/support/scratch_repository.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <functional>
#include <optional>
#include <string>

namespace gitfs::test {

namespace ends {

namespace {

struct served {
  scratch_repository repository{"mkdir sub; echo x >sub/f"};
  git_server server{repository.root()};
  std::optional<background> other; ///< a program that waits for the mount meanwhile

  std::string url() const { return server.url("scratch.git"); }
};

/// What a mount does when it is to end.
struct state {
  const char* what;
  std::function<void(served&, const mount&)> reach;
};
const state states[] = {
    {"nobody has come yet", [](served&, const mount&) {}},
    {"somebody has looked", [](served&, const mount& m) { must_run("ls -lR; cat sub/f", m.path()); }},
    {"its ref was looked at",
     [](served&, const mount& m) {
       BOOST_TEST(run_program({"refresh", m.path()}).status == 0);
     }},
    {"it has read its configuration again", [](served&, const mount& m) { ::kill(m.pid(), SIGHUP); }},
    {"it waits for a server that is busy",
     [](served& s, const mount& m) {
       s.server.clear_requests();
       s.server.answer_all_with("429");
       s.other.emplace("exec \"$GITFS_BINARY\" refresh " + shell_quoted(m.path()));
       BOOST_TEST(eventually([&] { return s.server.count() != 0; }));
     }},
};

struct way {
  const char* what;
  std::function<void(const mount&)> take;
};
const way ways[] = {
    {"unmount",
     [](const mount& m) {
       BOOST_TEST(run_program({"unmount", m.path()}).status == 0);
     }},
    {"SIGTERM", [](const mount& m) { ::kill(m.pid(), SIGTERM); }},
    {"Ctrl-C", [](const mount& m) { ::kill(m.pid(), SIGINT); }},
    {"fusermount3 -u", [](const mount& m) { must_run("fusermount3 -u " + shell_quoted(m.path())); }},
    {"fusermount3 -uz", [](const mount& m) { must_run("fusermount3 -uz " + shell_quoted(m.path())); }},
    {"the end of the connection", [](const mount& m) { must_run(as_root("umount -f -l " + shell_quoted(m.path()))); }},
};

} // namespace

} // namespace ends

BOOST_FIXTURE_TEST_SUITE(ends, ends::served)

BOOST_AUTO_TEST_CASE(a_followed_mount_ends_in_every_way_from_every_state) {
  for (const std::string every : {"30s", "on-request"})
    for (const auto& [state, reach] : ends::states)
      for (const auto& [way, take] : ends::ways) {
        BOOST_TEST_CONTEXT("--follow " << every << ", " << state << ", " << way) {
          mount m{url(), {"--follow", every}};
          reach(*this, m);
          take(m);
          m.expect_end();
          server.answer_all_with("");
          if (other)
            BOOST_TEST(other->result().has_value());
          other.reset();
        }
      }
}

// With the first poll on its way.
BOOST_AUTO_TEST_CASE(a_mount_ends_while_it_polls) {
  for (const auto& [way, take] : ends::ways) {
    BOOST_TEST_CONTEXT(way) {
      mount m{url(), {"--follow", "1s"}};
      server.clear_requests();
      server.answer_all_with("503 60");
      BOOST_TEST(eventually([&] { return server.count() != 0; }));
      take(m);
      m.expect_end();
      server.answer_all_with("");
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
