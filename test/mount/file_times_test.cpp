// The times of files in a mount: by them make, git and others see what has changed, and what has not.
#include "test/support/command.hpp"
#include "test/support/git_server.hpp"
#include "test/support/mount.hpp"
#include "test/support/scratch_repository.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

namespace gitfs::test {

namespace file_times {

namespace {

/// Everything was committed long ago, and each commit within the same second.
const std::string long_ago =
    "export GIT_AUTHOR_DATE='2001-01-01T00:00:00Z' GIT_COMMITTER_DATE='2001-01-01T00:00:00Z'; ";

struct dated {
  scratch_repository repository{"true"};
  git_server server{repository.root()};
  temp_dir cache, place;

  dated() { commit("mkdir -p sub/deep same; for f in a b c; do echo $f-1 | tee $f sub/$f sub/deep/$f >same/$f; done"); }
  void commit(const std::string& script) {
    repository.in_work(long_ago + "{ " + script + "\n} && git add -A && git commit -q -m change");
    repository.push();
  }
  mount_plan plan(std::vector<std::string> options = {}) const {
    return {.source = server.url("scratch.git"),
            .options = std::move(options),
            .cache_dir = cache.path(),
            .mountpoint = place.path()};
  }
  /// Of every file and folder: all that tells a program whether it has changed.
  std::string stats(const std::string& of = ".") const {
    return must_run("find " + of + " -printf '%p %i %s %T@ %C@\\n' | sort", place.path());
  }
  std::string stat(const std::string& of) const { return must_run("stat -c '%i %s %.9Y %.9Z' " + of, place.path()); }
};

} // namespace

} // namespace file_times

BOOST_FIXTURE_TEST_SUITE(file_times, file_times::dated)

BOOST_AUTO_TEST_CASE(what_a_move_has_changed_is_new_and_the_rest_as_old_as_it_was) {
  const mount m{plan({"--follow", "on-request"})};
  BOOST_TEST(holds(stat("a"), " 978307200.000000000 978307200.000000000"), stat("a"));
  for (const std::string name : {"2", "3"}) { // as long as before, and of the same second
    const auto same = stats("same"), b = stat("sub/b"), a = stat("a"), deep = stat("sub/deep/c");
    const std::string before = must_run("date +%s.%N");
    commit("for f in a sub/a sub/deep/c; do echo x-" + name + " >$f; done");
    BOOST_TEST(run_program({"refresh", m.path()}).status == 0);
    BOOST_TEST(stats("same") == same);
    BOOST_TEST(stat("sub/b") == b);
    for (const auto& [file, old] : {std::pair{"a", a}, std::pair{"sub/deep/c", deep}}) {
      BOOST_TEST(stat(file) != old);
      const std::string time = must_run(std::string{"stat -c %.9Y "} + file, place.path());
      BOOST_TEST(time == must_run(std::string{"stat -c %.9Z "} + file, place.path()));
      BOOST_TEST(
          run("awk 'BEGIN { exit !(" + before + " <= " + time + " && " + time + " <= '$(date +%s.%N)') }'").status == 0,
          before << ", " << time);
      BOOST_TEST(!time.ends_with(".000000000"));
    }
  }
}

// With its own sources elsewhere, as a build out of the tree has them.
BOOST_AUTO_TEST_CASE(make_builds_what_has_changed_and_nothing_else) {
  const temp_dir build;
  std::ofstream{build / "Makefile"} << "all: a b c deep\n%: $(M)/%\n\tcp $< $@\ndeep: $(M)/sub/deep/a\n\tcp $< $@\n";
  const auto make = [&] {
    return must_run("make M=" + shell_quoted(place.path()) + " | grep -c '^cp' || true", build.path());
  };
  std::optional<mount> m{std::in_place, plan({"--follow", "on-request"})};
  BOOST_TEST(make() == "4");
  BOOST_TEST(make() == "0");
  commit("echo a-2 >a; echo a-2 >sub/deep/a");
  BOOST_TEST(run_program({"refresh", m->path()}).status == 0);
  BOOST_TEST(make() == "2");
  BOOST_TEST(must_run("cat a deep", build.path()) == "a-2\na-2");
  BOOST_TEST(make() == "0");
  m.reset();
  commit("echo b-2 >b");
  m.emplace(plan());
  BOOST_TEST(make() == "1");
  BOOST_TEST(must_run("cat b", build.path()) == "b-2");
  m.reset();
  m.emplace(plan({"--ref", repository.in_work("git rev-parse HEAD~2")})); // back to the very first
  BOOST_TEST(make() == "3");
  BOOST_TEST(must_run("cat a b deep", build.path()) == "a-1\nb-1\na-1");
  BOOST_TEST(make() == "0");
}

// An index that was made before the remount tells git that all but the one file is as it was.
BOOST_AUTO_TEST_CASE(git_reads_after_a_remount_what_has_changed_alone) {
  const temp_dir clone;
  must_run("git clone -q --bare " + shell_quoted(repository.bare()) + " .", clone.path());
  const auto git = [&](const std::string& what) {
    return must_run("git --git-dir=" + shell_quoted(clone.path()) + " --work-tree=" + shell_quoted(place.path())
                        + " -c core.bare=false " + what,
                    clone.path());
  };
  {
    const mount m{plan()};
    git("reset -q --mixed");
    must_run("sleep 1.1"); // else the files are as new as the index, and git must read them
    git("update-index --really-refresh");
    BOOST_TEST(git("status --porcelain") == "");
  }
  commit("echo a-2 >sub/a");
  {
    const mount m{plan()};
    const auto before = m.counter("kernel.read");
    BOOST_TEST(git("status --porcelain") == " M sub/a");
    BOOST_TEST(m.counter("kernel.read") - before <= 1);
  }
  for (int i = 0; i < 2; ++i) { // and of the same commit again
    const mount m{plan()};
    BOOST_TEST(git("status --porcelain") == " M sub/a");
    BOOST_TEST(m.counter("kernel.read") <= 1);
  }
}

BOOST_AUTO_TEST_CASE(a_remount_of_the_same_shows_the_same_times) {
  std::string before;
  {
    const mount m{plan({"--follow", "on-request"})};
    must_run("ls -lR", place.path());
    for (int i = 2; i < 5; ++i) {
      commit("echo a-" + std::to_string(i) + " >a; echo b-" + std::to_string(i) + " >sub/deep/b");
      BOOST_TEST(run_program({"refresh", m.path()}).status == 0);
    }
    before = stats("a sub same");
  }
  {
    const mount m{plan()};
    BOOST_TEST(stats("a sub same") == before);
  }
  const temp_dir dir; // by another name
  std::filesystem::create_directory_symlink(place.path(), dir / "link");
  must_run("\"$GITFS_BINARY\" mount --cache-dir " + shell_quoted(cache.path()) + " --log-file "
           + shell_quoted(dir / "log") + " " + shell_quoted(plan().source) + " " + shell_quoted(dir / "link"));
  BOOST_TEST(stats("a sub same") == before);
  BOOST_TEST(run_program({"unmount", place.path()}).status == 0);
}

BOOST_AUTO_TEST_CASE(entries_of_a_config_file_have_their_own_and_keep_them) {
  mount_plan with = plan();
  with.config = R"({"tree": {"x/one": {"source": ")" + with.source
                + R"(", "follow": "on-request"}, "two": {"source": ")" + with.source + R"(", "ref": "main"}}})";
  with.source.clear();
  std::string one, two;
  {
    const mount m{with};
    must_run("ls -lR x/one two", place.path());
    const auto before = stats("two"), same = stats("x/one/same");
    commit("echo a-2 >a");
    BOOST_TEST(run_program({"refresh", m.path()}).status == 0);
    BOOST_TEST(must_run("cat x/one/a two/a", place.path()) == "a-2\na-1");
    BOOST_TEST(stats("two") == before);
    BOOST_TEST(stats("x/one/same") == same);
    BOOST_TEST(stat("x/one/a") != stat("two/a"));
    one = stats("x/one/*");
  }
  const mount m{with};
  BOOST_TEST(stats("x/one/*") == one); // not itself: nobody has entered it yet
  BOOST_TEST(must_run("cat two/a", place.path()) == "a-2");
  BOOST_TEST(stat("two/a") != stat("two/b"));
}

// A repository of this machine has no store in the cache folder, and then there is one.
BOOST_AUTO_TEST_CASE(a_cache_folder_begins_with_them) {
  mount_plan local = plan();
  local.source = repository.bare().string();
  { const mount m{local}; }
  BOOST_TEST(must_run("ls", cache.path()) == "shown-times");
  commit("echo a-2 >a");
  const mount m{plan()}; // whose unchanged trees that mount did not put there
  BOOST_TEST(must_run("cat a", m.path()) == "a-2");
  BOOST_TEST(holds(must_run("ls -a", cache.path()), "CACHEDIR.TAG"));
}

BOOST_AUTO_TEST_CASE(damage_of_what_is_kept_gives_the_times_of_commits) {
  { const mount m{plan()}; }
  commit("echo a-2 >a");
  must_run("for f in shown-times/*; do echo damage >$f; done", cache.path());
  const mount m{plan()};
  BOOST_TEST(holds(stat("a"), " 978307200.000000000 "), stat("a"));
  BOOST_TEST(holds(m.log(), "is damaged"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
