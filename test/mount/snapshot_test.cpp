// Which commit is shown, and that it stays the one.
#include "test/support/command.hpp"
#include "test/support/git_server.hpp"
#include "test/support/manifest.hpp"
#include "test/support/mount.hpp"
#include "test/support/scratch_repository.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <filesystem>
#include <string>

namespace gitfs::test {

namespace snapshot {

namespace {

// Three commits, each with its number in `version`; `dev` is the second, main the third, HEAD is main. A branch and a
// tag share the name "both": the branch is shown, as by `git clone -b`.
struct history {
  history() {
    source.in_work("git tag light && git tag -a -m t annotated && git tag -a -m t nested annotated 2>&1");
    source.commit("echo 2 >version && mkdir d && echo x >d/f");
    source.in_work("git branch dev && git branch feature/deep && git tag both HEAD~1 && git branch both");
    source.commit("echo 3 >version");
  }
  std::string id(const std::string& ref) const { return source.in_work("git rev-parse " + ref + "^{commit}"); }

  scratch_repository source{"echo 1 >version"};
};

const history& repository() {
  static const history made;
  return made;
}

std::string version(const std::filesystem::path& mounted) {
  return must_run("cat version", mounted);
}

namespace data = boost::unit_test::data;
const auto sources = data::make({"local", "http"});

struct served {
  git_server server{repository().source.root()};
  std::string from(const std::string& how) const {
    return how == "local" ? repository().source.bare().string() : server.url("scratch.git");
  }
};

} // namespace

} // namespace snapshot

BOOST_FIXTURE_TEST_SUITE(snapshot, snapshot::served)

BOOST_DATA_TEST_CASE(every_way_to_name_a_commit, sources, how) {
  const auto shows = [&](const std::string& ref, const std::string& expected) {
    const mount m{from(how), {"--ref", ref}};
    BOOST_TEST(version(m.path()) == expected, "--ref " << ref << " shows " << version(m.path()));
  };
  shows("main", "3");
  shows("dev", "2");
  shows("feature/deep", "2");
  shows("refs/heads/dev", "2");
  shows("heads/dev", "2");
  shows("light", "1");
  shows("annotated", "1");
  shows("nested", "1");
  shows("refs/tags/annotated", "1");
  shows("tags/light", "1");
  shows("HEAD", "3");
  shows("both", "2");
  shows("refs/tags/both", "1");
  shows("refs/heads/both", "2");
  shows(repository().id("dev"), "2");
  const mount head{from(how)};
  BOOST_TEST(version(head.path()) == "3");
}

// A commit that no ref names, as long as the server gives it.
BOOST_DATA_TEST_CASE(a_commit_behind_a_branch, sources, how) {
  const mount m{from(how), {"--ref", repository().id("main~2")}};
  BOOST_TEST(version(m.path()) == "1");
}

BOOST_DATA_TEST_CASE(head_may_name_any_branch, sources, how) {
  const scratch_repository source{"echo x >file"};
  source.in_work("git checkout -q -b trunk && echo t >file && git commit -qam t");
  source.push();
  must_run("git symbolic-ref HEAD refs/heads/trunk", source.bare());
  const git_server of_its_own{source.root()};
  const mount m{std::string{how} == "local" ? source.bare().string() : of_its_own.url("scratch.git")};
  BOOST_TEST(must_run("cat file", m.path()) == "t");
}

BOOST_DATA_TEST_CASE(what_is_pushed_later_does_not_show, sources, how) {
  scratch_repository source{"echo 1 >version && mkdir a b && seq 1000 >a/f && echo x >b/g"};
  const git_server of_its_own{source.root()};
  const std::string url = std::string{how} == "local" ? source.bare().string() : of_its_own.url("scratch.git");
  const auto before = manifest(source.work());
  const mount m{url};
  BOOST_TEST(version(m.path()) == "1");
  source.commit("echo 2 >version && rm -r b && seq 2000 >a/f && echo new >a/new");
  // Also what had not been looked at before.
  BOOST_TEST(difference(before, manifest(m.path())) == "");
  const mount later{url};
  BOOST_TEST(difference(manifest(source.work()), manifest(later.path())) == "");
  BOOST_TEST(version(m.path()) == "1");
}

BOOST_AUTO_TEST_CASE(a_branch_that_is_forced_away_or_deleted) {
  scratch_repository source{"echo 1 >version && mkdir d && echo old >d/f"};
  source.in_work("git branch doomed");
  source.push();
  const git_server of_its_own{source.root()};
  const mount m{of_its_own.url("scratch.git"), {"--ref", "doomed"}};
  must_run("git update-ref -d refs/heads/doomed && git reflog expire --all --expire=now", source.bare());
  source.in_work("git branch -D doomed");
  source.commit("echo 2 >version");
  // The commit is still behind main, and the server gives it by its id.
  BOOST_TEST(must_run("cat version d/f", m.path()) == "1\nold");
}

BOOST_DATA_TEST_CASE(the_message_says_what_is_shown, sources, how) {
  const temp_dir dir;
  const auto done = run_program({"mount", "--cache-dir", dir / "cache", "--ref", "dev", from(how), dir / "mnt"});
  BOOST_TEST(done.status == 0);
  BOOST_TEST(done.output.find(repository().id("dev")) != std::string::npos, done.output);
  BOOST_TEST(done.output.find((dir / "mnt").string()) != std::string::npos, done.output);
  BOOST_TEST(std::ranges::count(done.output, '\n') == 1, done.output); // what can be done next is for terminals
  BOOST_TEST(version(dir / "mnt") == "2");
  // It was not there before, so it is not there after.
  BOOST_TEST(run_program({"unmount", dir / "mnt"}).status == 0);
  must_run("for i in $(seq 300); do [ -e mnt ] || exit 0; sleep 0.1; done; exit 1", dir.path());
}

BOOST_AUTO_TEST_CASE(a_mountpoint_that_was_there_stays) {
  mount m{from("local")};
  m.unmount();
  BOOST_TEST(std::filesystem::is_directory(m.path()));
  BOOST_TEST(std::filesystem::is_empty(m.path()));
}

BOOST_AUTO_TEST_CASE(an_empty_tree_is_an_empty_folder) {
  const scratch_repository source{"true"};
  const git_server of_its_own{source.root()};
  for (const auto& url : {source.bare().string(), of_its_own.url("scratch.git")}) {
    const mount m{url};
    BOOST_TEST(std::filesystem::is_empty(m.path()), url);
    BOOST_TEST(!std::filesystem::exists(m / "x"));
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
