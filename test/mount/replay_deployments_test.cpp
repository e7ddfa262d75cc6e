// What a real mount of many repositories has recorded, replayed: equal each time.
#include "test/mount/replayed.hpp"
#include "test/mount/served_hosts.hpp"
#include "test/mount/shared.hpp"
#include "test/support/background.hpp"
#include "test/support/command.hpp"
#include "test/support/config_text.hpp"
#include "test/support/git_server.hpp"
#include "test/support/mount.hpp"
#include "test/support/scratch_repository.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <csignal>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace gitfs::test {

BOOST_FIXTURE_TEST_SUITE(replay_deployments, replayed)

using namespace std::chrono_literals;

// Each in it at another commit; some are met before they can be had.
BOOST_AUTO_TEST_CASE(a_tree_of_repositories) {
  scratch_repository second{"mkdir -p sub/deep; for i in 1 2 3 4 5; do echo $i >sub/deep/$i; done; ln -s sub link"};
  second.in_work("git tag v1");
  second.commit("echo two >sub/deep/2");
  second.push();
  git_server of_second{second.root()};
  {
    mount m{{.options = recording({"--memory", "16M"}),
             .config = config_text({{"one", repository_entry(server.url("scratch.git"))},
                                    {"noobjinfo", repository_entry(server.url("noobjinfo", "scratch.git"))},
                                    {"team/new", repository_entry(of_second.url("scratch.git"))},
                                    {"team/old", repository_entry(of_second.url("scratch.git"), "v1")},
                                    {"team/deep/local", repository_entry(second.bare().string(), "v1")},
                                    {"no-ref", repository_entry(second.bare().string(), "none")},
                                    {"later", repository_entry((dir / "later.git").string())}})}};
    must_run("ls -l . team team/deep >/dev/null; ls absent team/absent 2>/dev/null || true", m.path());
    // Whoever asks about the mount changes nothing, and is not replayed.
    must_run("$GITFS_BINARY status . && $GITFS_BINARY top --once . && { $GITFS_BINARY why team/old; $GITFS_BINARY why "
             "team/deep/local/sub || true; }",
             m.path());
    of_second.stop();
    must_run("! ls team/new 2>/dev/null", m.path());
    of_second.start();
    must_run("! stat later/sub no-ref/sub 2>/dev/null; ! stat later/sub 2>/dev/null", m.path());
    must_run("cp -r " + second.bare().string() + " later.git", dir.path());
    background other{"cd " + m.path().string() + " && find . -ls >/dev/null 2>&1; cat noobjinfo/folder-3/b?/*; true"};
    must_run("until ls later/sub && ls team/new/sub; do sleep 0.1; done >/dev/null 2>&1", m.path());
    must_run(replayed_walk
                 + "; cat team/*/sub/deep/2 team/deep/local/sub/deep/2 one/folder-2/b?/*  >/dev/null; md5sum one/large",
             m.path());
    BOOST_TEST(other.result(240s).has_value());
    must_run("cd /; " + as_root("echo 2 >/proc/sys/vm/drop_caches"));
    must_run("cat */*/sub/deep/1 one/folder-1/b1/f; ls -lR team", m.path());
    m.unmount();
  }
  const std::string shown = must_run("$GITFS_BINARY trace show trace", dir.path());
  for (const char* what : {" shown_repository path='team/old' ref='v1' ", " snapshot_taken ", " retry_allowed "})
    BOOST_TEST(holds(shown, what), what);
  BOOST_TEST(number_in("$GITFS_BINARY trace show trace | grep -o 'server [0-9]* transfer_started' | sort -u | wc -l")
             > 1U);
  const std::string first = equal();
  BOOST_TEST(holds(first, "replies, all as recorded"), first);
  for (int i = 0; i < 5; ++i)
    BOOST_TEST(equal() == first);
  expect_error(2, "this trace is of several repositories", {"--shuffle", "1"});
}

// A ref that moves under somebody, looked at by itself and when asked.
BOOST_AUTO_TEST_CASE(refs_that_move) {
  scratch_repository second{"mkdir -p sub/deep; for i in 1 2 3 4 5; do echo $i >sub/deep/$i; done"};
  git_server of_second{second.root()};
  {
    mount m{{.options = recording(),
             .config = config_text(
                 {{"polled", repository_entry(of_second.url("scratch.git"), "main", R"("follow": "1s")")},
                  {"asked", repository_entry(second.bare().string(), "main", R"("follow": "on-request")")}})}};
    must_run("cat */sub/deep/* >/dev/null; ls -l polled asked", m.path());
    for (const char* now : {"two", "three"}) {
      second.commit(std::string{"echo "} + now + " >sub/deep/2; echo new >sub/" + now);
      second.push();
      must_run("$GITFS_BINARY refresh " + shell_quoted(m.path().string()));
      must_run(std::string{"until test $(cat polled/sub/deep/2)$(cat asked/sub/deep/2) = "} + now + now
                   + "; do sleep 0.1; done; ls -lR . >/dev/null",
               m.path());
    }
    m.unmount();
  }
  BOOST_TEST(holds(must_run("$GITFS_BINARY trace show trace", dir.path()), " relink_directories "));
  const std::string first = equal();
  BOOST_TEST(equal() == first);
}

// Names that are there, that are not, and that come later; what a host has is followed, too; another file by SIGHUP.
BOOST_AUTO_TEST_CASE(hosts_and_refs_that_move) {
  scratch_repository second{"mkdir -p sub/deep; for i in 1 2 3 4 5; do echo $i >sub/deep/$i; done"};
  must_run("mkdir team && ln -s ../scratch.git team/", second.root());
  git_server of_second{second.root()};
  served_hosts hosts;
  for (const char* each : {"Octo/hello", "Octo/a", "Octo/b"})
    hosts.add(each);
  const std::string follow = R"("follow": "on-request")", soon = follow + R"(, "absent": "1s")";
  const auto polled = repository_entry(of_second.url("scratch.git"), "main", R"("follow": "1s")");
  const auto asked = repository_entry(second.bare().string(), "main", follow);
  const auto mine = R"({"host": "git", "url": ")" + of_second.url("{owner}/{repo}.git") + R"(", )" + soon + "}";
  {
    mount m{{.options = recording(),
             .config = config_text({{"polled", polled},
                                    {"asked", asked},
                                    {"hub", hosts.entry("github", soon)},
                                    {"group/plain", hosts.entry("git", soon)},
                                    {"mine", mine}})}};
    const std::string read = "cat asked/sub/deep/* mine/team/scratch/sub/deep/* hub/Octo/hello/one hub/octo/A@main/one "
                             "group/plain/Octo/a/dir/7; ls -l . group hub hub/Octo group/plain/Octo hub/Octo/hello; ";
    must_run("cat polled/sub/deep/*;" + read, m.path());
    for (const char* none : {"hub/Nobody", "hub/Octo/none", "hub/Octo/b@none/one", "group/plain/Octo/none", "hub/.git"})
      must_run(std::string{"! stat "} + none, m.path());
    background other{"cd " + m.path().string() + " && find . -ls >/dev/null 2>&1; cat hub/Octo/*/dir/*; true"};
    hosts.add("Octo/later");
    must_run("until cat hub/Octo/later/one && cat group/plain/Octo/later/one; do sleep 0.1; done", m.path());
    for (const std::string now : {"two", "three"}) {
      second.commit("echo " + now + " >sub/deep/2; echo new >sub/" + now);
      second.push();
      must_run("$GITFS_BINARY refresh " + shell_quoted(m.path().string()));
      must_run("until test $(cat polled/sub/deep/2)$(cat asked/sub/deep/2)$(cat mine/team/scratch/sub/deep/2) = " + now
                   + now + now + "; do sleep 0.1; done; " + read,
               m.path());
    }
    BOOST_TEST(other.result(240s).has_value());
    // So many names that the first ones are forgotten, while the kernel refers to them.
    must_run("stat $(seq -f group/plain/x%.0f 1500) >/dev/null; ls group/plain/x1; ! stat group/plain/x1/none",
             m.path());
    const auto reload = [&](const std::vector<std::pair<std::string, std::string>>& tree) {
      std::ofstream{m.config_file()} << config_text(tree);
      BOOST_TEST(::kill(m.pid(), SIGHUP) == 0);
    };
    // One goes, one comes before what stays, one is another at its old place.
    reload({{"first", repository_entry(server.url("scratch.git"))},
            {"asked", asked},
            {"hub", hosts.entry("github", soon)},
            {"group/plain", hosts.entry("git", follow)},
            {"mine", mine}});
    must_run("until ls first/folder-1/b1 && test ! -e polled; do sleep 0.1; done 2>/dev/null; " + read, m.path());
    must_run("cd /; " + as_root("echo 2 >/proc/sys/vm/drop_caches"));
    must_run(read, m.path());
    // What goes is closed when nobody is in it.
    const std::string files = "$(find /proc/" + std::to_string(m.pid()) + "/fd -lname '*/cache/*' | wc -l)";
    const std::string before = must_run("echo " + files);
    reload({{"asked", asked}, {"group/plain", hosts.entry("git", follow)}});
    must_run("until [ " + files + " -lt " + before + " ]; do " + as_root("echo 2 >/proc/sys/vm/drop_caches")
             + "; sleep 0.5; done");
    must_run("cat asked/sub/deep/* group/plain/Octo/a/dir/7; ! stat hub", m.path());
    m.unmount();
  }
  const std::string shown = must_run("$GITFS_BINARY trace show trace", dir.path());
  for (const char* what : {" host_told ", " relink_directories ", " snapshot_taken ", " reload_tree "})
    BOOST_TEST(holds(shown, what), what);
  const std::string first = equal();
  BOOST_TEST(holds(first, "replies, all as recorded"), first);
  for (int i = 0; i < 5; ++i)
    BOOST_TEST(equal() == first);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
