// Programs that people run, with the result they have on a checkout.
#include "test/mount/shared.hpp"

#include "test/support/command.hpp"
#include "test/support/fixtures.hpp"
#include "test/support/mount.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace gitfs::test {

namespace programs {

namespace {

// One mount for all: each program finds what the ones before it have left in the caches, as a user's does.
struct mounted {
  const std::filesystem::path& clone = awkward_checkout();
  const mount& m = [&]() -> const mount& {
    static const mount made{fixture_server().url(awkward_name()), {"--ref", "main"}};
    return made;
  }();
  std::string there = m.path().string();
  std::string here = clone.string();
  temp_dir dir;

  // The same command in both folders, with the same result.
  void same(const std::string& command) const {
    const auto expected = run(command, clone);
    const auto found = run(command, m.path());
    BOOST_TEST(found.status == expected.status, command);
    BOOST_TEST((found.output == expected.output), command << "\n" << found.output.substr(0, 1000));
    BOOST_TEST(!expected.output.empty(), command);
  }
};

} // namespace

} // namespace programs

BOOST_FIXTURE_TEST_SUITE(programs, programs::mounted)

BOOST_AUTO_TEST_CASE(tar) {
  same("tar --create --exclude=./.git --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --format=pax "
       "--pax-option=delete=atime,delete=ctime,delete=mtime . | md5sum");
}

BOOST_AUTO_TEST_CASE(cp) {
  must_run("mkdir copy && cp -a " + there + "/{names,kinds,deep,large} copy", dir.path());
  for (const char* each : {"names", "kinds", "deep", "large"})
    BOOST_TEST(run("diff -r --no-dereference " + here + "/" + each + " copy/" + each, dir.path()).output == "");
  BOOST_TEST(must_run("stat -c '%a %Y' copy/kinds/script", dir.path())
             == must_run("stat -c '%a %Y' kinds/script", there));
}

BOOST_AUTO_TEST_CASE(rsync) {
  // Times differ: a checkout has that of the checkout.
  const std::string itemize = "rsync -n -rlpgoD -c --delete -i --exclude=/.git ";
  BOOST_TEST(must_run(itemize + there + "/ " + here + "/") == "");
  BOOST_TEST(must_run(itemize + here + "/ " + there + "/") == "");
  // It would see a difference.
  must_run("cp -a " + here + "/kinds . && echo changed >kinds/plain", dir.path());
  BOOST_TEST(must_run(itemize + there + "/kinds/ kinds/", dir.path()).find("plain") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(grep_and_find) {
  same("grep -r --exclude-dir=.git -c . names kinds deep | sort");
  same("grep -rl --exclude-dir=.git '^424$' . | sort");
  same("find . -path ./.git -prune -o -printf '%y %m %P\\0' | sort -z | md5sum");
  same("find . -path ./.git -prune -o -empty -print | sort");
  same("find many -name '*77' -newermt 2000-01-01 | wc -l");
  same("ls -1f many | sort | md5sum");
  same("du --apparent-size -bs large/random large/zeros | cut -f1");
  same("wc -c large/* && sha256sum large/* && tail -c 100 large/random | od -x");
}

BOOST_AUTO_TEST_CASE(git_diff) {
  for (const char* each : {"names", "kinds", "deep", "large"}) {
    const auto done = run("git diff --no-index --stat " + here + "/" + each + " " + there + "/" + each, dir.path());
    BOOST_TEST(done.output == "", done.output.substr(0, 500));
    BOOST_TEST(done.status == 0);
  }
}

BOOST_AUTO_TEST_CASE(git_agrees_that_nothing_has_changed) {
  must_run("git init -q --bare . && git fetch -q --depth 1 file://" + awkward_repository().string()
               + " main && git update-ref HEAD FETCH_HEAD && git read-tree FETCH_HEAD",
           dir.path());
  const auto done = run("git --git-dir=" + dir.path().string()
                            + " --work-tree=. -c core.checkStat=minimal status --porcelain "
                              "--untracked-files=all",
                        there);
  BOOST_TEST(done.status == 0);
  BOOST_TEST(done.output == "", done.output.substr(0, 500));
}

BOOST_AUTO_TEST_CASE(a_script_and_a_program_run_in_place) {
  BOOST_TEST(must_run("./script a b c", m / "kinds") == "ran with 3 arguments");
  BOOST_TEST(must_run("sh kinds/script", there) == "ran with 0 arguments");
  BOOST_TEST(run("./plain", m / "kinds").status == 126);
  BOOST_TEST(run("./program", m / "kinds").status == 126);
}

BOOST_AUTO_TEST_CASE(links_lead_where_they_lead_in_a_checkout) {
  BOOST_TEST(must_run("cat kinds/to-plain", there) == "plain");
  BOOST_TEST(must_run("ls kinds/to-folder/", there) == "0");
  BOOST_TEST(run("cat kinds/loop-a", there).output.find("Too many levels") != std::string::npos);
  BOOST_TEST(run("cat kinds/dangling", there).output.find("No such file") != std::string::npos);
  BOOST_TEST(must_run("readlink kinds/absolute", there) == "/etc/hostname");
  BOOST_TEST(must_run("realpath kinds/to-plain", there) == there + "/kinds/plain");
}

BOOST_AUTO_TEST_CASE(archivers_and_python) {
  must_run("cd " + there + " && tar -c kinds names | tar -x -C " + dir.path().string());
  BOOST_TEST(run("diff -r --no-dereference " + here + "/names names", dir.path()).output == "");
  same("python3 -c 'import os; print(sorted((len(d), len(f)) for p, d, f in os.walk(\"deep\")))'");
  same("python3 -c 'import os; print(sorted((e.name, e.is_dir(follow_symlinks=False), e.is_symlink()) for e in "
       "os.scandir(b\"kinds\")))'");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
