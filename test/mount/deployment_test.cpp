// One mount of many repositories, from a config file.
#include "test/mount/shared.hpp"
#include "test/support/background.hpp"
#include "test/support/command.hpp"
#include "test/support/config_text.hpp"
#include "test/support/forge_server.hpp"
#include "test/support/git_server.hpp"
#include "test/support/manifest.hpp"
#include "test/support/mount.hpp"
#include "test/support/scratch_repository.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <fstream>
#include <string>

namespace gitfs::test {

namespace deployment {

namespace {

using entries = std::vector<std::pair<std::string, std::string>>;

const scratch_repository& source() {
  static scratch_repository made{
      "mkdir -p dir/sub other && echo one >one && ln -s one link && echo '#!/bin/sh' >program"
      " && chmod +x program && for i in $(seq 1 40); do echo $i >dir/$i; done && echo deep >dir/sub/deep"
      " && echo other >other/file"};
  static const bool changed = [] {
    made.in_work("git tag v1");
    made.commit("echo two >dir/7 && echo new >new");
    return true;
  }();
  BOOST_REQUIRE(changed);
  return made;
}

struct served {
  git_server server{source().root()};
  temp_dir folder;

  std::string url(const std::string& modifiers = {}) const { return server.url(modifiers, "scratch.git"); }
  static mount shows(const entries& tree, const std::string& more = {}, const std::filesystem::path& cache = {},
                     const std::filesystem::path& mountpoint = {}) {
    return mount{mount_plan{.options = {"--stall-timeout=5"},
                            .cache_dir = cache,
                            .config = config_text(tree, more),
                            .mountpoint = mountpoint}};
  }
};

} // namespace

} // namespace deployment

BOOST_FIXTURE_TEST_SUITE(deployment, deployment::served)

BOOST_AUTO_TEST_CASE(a_tree_of_repositories_at_several_depths) {
  const mount m = shows({{"top", repository_entry(url(), "v1")},
                         {"team/app", repository_entry(url())},
                         {"team/deep/er/lib", repository_entry(source().bare().string(), "v1")}});
  BOOST_TEST(must_run("find . -maxdepth 1 | sort", m.path()) == ".\n./team\n./top");
  must_run("ls -la team team/deep team/deep/er top/.. >/dev/null", m.path());
  BOOST_TEST(must_run("stat -c %F top team/app team/deep/er/lib", m.path()) == "directory\ndirectory\ndirectory");
  BOOST_TEST(failure_of(m / "none") == ENOENT);
  BOOST_TEST(failure_of(m / "team/none") == ENOENT);
  BOOST_TEST(server.count() == 0U); // until somebody enters
  const auto v1 = manifest(checkout(source().bare(), "v1", folder / "v1"));
  const auto main = manifest(checkout(source().bare(), "main", folder / "main"));
  BOOST_TEST(difference(v1, manifest(m / "top")) == "");
  BOOST_TEST(difference(main, manifest(m / "team/app")) == "");
  BOOST_TEST(difference(v1, manifest(m / "team/deep/er/lib")) == "");
}

BOOST_AUTO_TEST_CASE(two_refs_of_one_repository_fetch_an_object_once) {
  const mount m = shows({{"old", repository_entry(url(), "v1")}, {"new", repository_entry(url())}});
  manifest(m / "old");
  server.clear_requests();
  manifest(m / "new");
  std::uint64_t wants = 0;
  for (const server_request& each : server.requests())
    wants += each.wants;
  BOOST_TEST(wants >= 2U);
  BOOST_TEST(wants <= 6U); // the commit, its root, dir; two blobs; of 49 objects
}

BOOST_AUTO_TEST_CASE(a_wrong_entry_is_an_error_of_that_path_alone) {
  git_server other{source().root()};
  const mount m = shows({{"good", repository_entry(url())},
                         {"down", repository_entry(other.url("scratch.git"))},
                         {"no-ref", repository_entry(url(), "no-such-ref")},
                         {"no-repository", repository_entry(server.url("none.git"))},
                         {"no-path", repository_entry((folder / "later.git").string())}},
                        R"("timeouts": {"request": "2s", "connect": "1s"})");
  other.stop();
  BOOST_TEST(must_run("ls", m.path()) == "down\ngood\nno-path\nno-ref\nno-repository");
  for (int again = 0; again < 2; ++again) {
    const int code = failure_of(m / "down/one");
    BOOST_TEST((code == EIO || code == ETIMEDOUT), code);
    BOOST_TEST(failure_of(m / "no-ref/one") == ENOENT);
    BOOST_TEST(failure_of(m / "no-repository/one") == ENOENT);
    BOOST_TEST(failure_of(m / "no-path/one") == ENOENT);
    BOOST_TEST(failure_of(m / "good/one") == 0);
    pause_for(std::chrono::milliseconds{1500}); // so that the second time is another attempt
  }
  const std::string log = m.log();
  BOOST_TEST(times(log, "no-such-ref") == 1U, log);
  BOOST_TEST(times(log, "none.git") == 1U, log);
  BOOST_TEST(times(log, "later.git") == 1U, log);
  other.start();
  must_run("git tag no-such-ref v1", source().bare());
  must_run("git clone -q --bare " + source().bare().string() + " later.git", folder.path());
  for (const char* each : {"down/one", "no-ref/one", "no-path/one"})
    BOOST_TEST(eventually([&] { return failure_of(m / each) == 0; }), each);
  must_run("git tag -d no-such-ref", source().bare());
}

BOOST_AUTO_TEST_CASE(the_token_of_an_entry_is_read_when_it_is_opened_and_never_told) {
  std::ofstream{folder / "token"} << "wrong-secret\n";
  std::filesystem::permissions(folder / "token",
                               std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  std::string with_user = url("auth");
  with_user.insert(with_user.find("//") + 2, "user@");
  const mount m =
      shows({{"a", repository_entry(with_user, "", R"("token": {"file": ")" + (folder / "token").string() + "\"}")}});
  BOOST_TEST(failure_of(m / "a/one") == EACCES);
  std::ofstream{folder / "token"} << "pass\n";
  BOOST_TEST(eventually([&] { return failure_of(m / "a/one") == 0; }));
  BOOST_TEST(!holds(m.log(), "wrong-secret"));
  BOOST_TEST(!holds(m.log(), "user:pass"));
}

BOOST_AUTO_TEST_CASE(inode_numbers_are_unique_and_dots_and_df_are_as_elsewhere) {
  const mount m = shows({{"a", repository_entry(url(), "v1")},
                         {"b", repository_entry(url(), "v1")},
                         {"team/c", repository_entry(url())}});
  BOOST_TEST(must_run("find . -printf '%i\\n' | sort | uniq -d", m.path()) == "");
  const std::string inode = must_run("stat -c %i .", m.path());
  BOOST_TEST(must_run("stat -c %i a/..", m.path()) == inode);
  BOOST_TEST(must_run("cd a && stat -c %i ..", m.path()) == inode);
  BOOST_TEST(must_run("stat -c %i team/c/../..", m.path()) == inode);
  BOOST_TEST(must_run("stat -c %i a/.", m.path()) == must_run("stat -c %i a", m.path()));
  BOOST_TEST(must_run("ls -ai team | awk '$2 == \"..\" {print $1}'", m.path()) == inode);
  BOOST_TEST(must_run("cd team/c/dir && pwd -P", m.path()) == (m / "team/c/dir").string());
  for (const char* each : {".", "team", "a", "team/c/dir"})
    BOOST_TEST(must_run("df --output=target " + std::string{each} + " | tail -1", m.path()) == m.path().string());
  BOOST_TEST(must_run("find . -links +1", m.path()) == "");
}

BOOST_AUTO_TEST_CASE(status_tells_what_is_shown_and_what_has_failed) {
  const mount m = shows({{"team/app", repository_entry(url(), "v1")},
                         {"later", repository_entry(url())},
                         {"wrong", repository_entry(url(), "no-such-branch", R"("follow": "30s")")},
                         {"hub", R"({"host": "git", "url": ")" + server.url("{owner}/{repo}.git") + "\"}"}});
  BOOST_TEST(failure_of(m / "team/app/one") == 0);
  BOOST_TEST(failure_of(m / "wrong/one") == ENOENT);
  const auto text = run_program({"status", m.path().string()});
  BOOST_TEST(text.status == 0);
  const std::string commit = must_run("git rev-parse v1", source().work());
  for (const std::string& each :
       {m.path().string() + ": config ", "  team/app: open " + commit + ", " + url() + " v1, followed: never\n",
        "  later: not opened, " + url() + ", followed: never\n",
        "  wrong: failed, " + url() + " no-such-branch, followed: 30s\n",
        std::string{"there is no branch or tag \"no-such-branch\""}, std::string{"  hub: host, "},
        "  cache " + m.cache_dir().string()})
    BOOST_TEST(holds(text.output, each), each << "\nin\n" << text.output);
  BOOST_TEST(server.count("info/refs") == 1U); // asking opens nothing

  const auto query = [&](const std::string& expression) {
    return must_run("python3 -c 'import json,sys; m = json.load(sys.stdin); " + expression + "' <<'END'\n"
                    + run_program({"status", "--json", m.path().string()}).output + "END");
  };
  BOOST_TEST(query(R"(print(m[0]["process"]))") == std::to_string(m.pid()));
  BOOST_TEST(query(R"(print([e["commit"] for e in m[0]["entries"] if e["path"] == "team/app"][0]))") == commit);
  BOOST_TEST(query(R"(print([e["state"] for e in m[0]["entries"]]))") == "['open', 'not opened', 'failed', '']");
  BOOST_TEST(holds(run_program({"status"}).output, m.path().string() + ": config "));
  BOOST_TEST(run_program({"status", "--exit-code", m.path().string()}).status == 1);
  const auto late = run_program({"status", "--wait", "300ms", m.path().string()});
  BOOST_TEST(late.status == 1);
  BOOST_TEST(holds(late.output, "  wrong: failed, "), late.output);
  const std::string on_terminal = must_run("script -qec '\"$GITFS_BINARY\" status' /dev/null </dev/null");
  BOOST_TEST(holds(on_terminal, ", 4 entries, 1 open, 1 failed"), on_terminal);

  const auto refreshed = run_program({"refresh", m.path().string()});
  BOOST_TEST(refreshed.status == 1);
  BOOST_TEST(holds(refreshed.output, "wrong: "), refreshed.output);
  BOOST_TEST(holds(refreshed.output, "there is no branch or tag \"no-such-branch\""), refreshed.output);
  BOOST_TEST(run_program({"refresh", m.path().string(), "wrong"}).status == 1);
}

BOOST_AUTO_TEST_CASE(status_of_a_plain_mount_and_of_what_is_none) {
  const mount m{url(), {"--ref", "v1"}};
  const auto text = run_program({"status", m.path().string()});
  BOOST_TEST(holds(text.output, "  .: open " + must_run("git rev-parse v1", source().work()) + ", "), text.output);
  const auto none = run_program({"status", folder.path().string()});
  BOOST_TEST(none.status == 1);
  BOOST_TEST(holds(none.output, "is not a mount of gitfs-actor"), none.output);
  BOOST_TEST(run_program({"status", "--jsn"}).status == 2);
}

namespace {

/// So many repositories of their own.
struct many {
  static constexpr int count = 100;
  temp_dir dir;

  many() {
    must_run("mkdir root && for i in $(seq 1 " + std::to_string(count) + "); do cp -r " + source().bare().string()
                 + " root/r$i.git; done",
             dir.path());
  }
  static std::string path(int i) { return "group" + std::to_string(i % 7) + "/r" + std::to_string(i); }
};

} // namespace

BOOST_AUTO_TEST_CASE(a_hundred_repositories_and_three_hosts_of_one_file) {
  const many all;
  git_server of_all{all.dir / "root"};
  forge_server forge{all.dir / "root"};
  entries tree;
  const auto checked = checkout(source().bare(), "v1", folder / "v1");
  const auto expected = folder / "expected";
  for (int i = 1; i <= many::count; ++i) {
    tree.emplace_back(many::path(i), repository_entry(of_all.url("r" + std::to_string(i) + ".git"), "v1"));
    std::filesystem::create_directories((expected / many::path(i)).parent_path());
    std::filesystem::copy(checked, expected / many::path(i),
                          std::filesystem::copy_options::recursive | std::filesystem::copy_options::copy_symlinks);
    std::filesystem::remove_all(expected / many::path(i) / ".git");
  }
  const auto host = [&](const char* kind, const std::string& api) {
    return R"({"host": ")" + std::string{kind} + R"(", "url": ")" + of_all.url("") + R"(", "api": ")" + api + "\"}";
  };
  tree.emplace_back("hub", host("github", forge.github()));
  tree.emplace_back("tea", host("gitea", forge.gitea()));
  tree.emplace_back("lab", host("gitlab", forge.gitlab()));
  for (const char* each : {"hub", "tea", "lab"})
    std::filesystem::create_directory(expected / each);
  const auto mountpoint = folder / "mnt";
  std::filesystem::create_directory(mountpoint);
  const auto want = manifest(expected);
  {
    mount m = shows(tree, "", folder / "cache", mountpoint);
    BOOST_TEST(must_run("ls", m.path()).size() > 0U);
    BOOST_TEST(of_all.count() == 0U);
    BOOST_TEST(forge.count() == 0U);
    const std::string status = run_program({"status", "--json", m.path().string()}).output; // takes several answers
    BOOST_TEST(times(status, R"("state": "not opened")") == std::size_t{many::count});
    BOOST_TEST(difference(want, manifest(m.path())) == "");
    m.crash();
  }
  of_all.clear_requests();
  const mount again = shows(tree, "", folder / "cache", mountpoint);
  BOOST_TEST(of_all.count() == 0U);
  BOOST_TEST(difference(want, manifest(again.path())) == "");
  BOOST_TEST(of_all.count("fetch") == 0U);
  BOOST_TEST(of_all.count("object-info") == 0U);
  BOOST_TEST(must_run("grep -c ' " + mountpoint.string() + " ' /proc/self/mounts") == "1");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
