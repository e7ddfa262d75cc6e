// A mount shows what a clone shows: every path, type, permission, size, byte and link target.
#include "test/mount/shared.hpp"

#include "test/support/command.hpp"
#include "test/support/fixtures.hpp"
#include "test/support/manifest.hpp"
#include "test/support/mount.hpp"
#include "test/support/scratch_repository.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <fstream>

namespace gitfs::test {

namespace data = boost::unit_test::data;

BOOST_AUTO_TEST_SUITE(equality)

// Without this, an empty difference would prove nothing.
BOOST_AUTO_TEST_CASE(the_comparison_sees_every_kind_of_difference) {
  const scratch_repository source{"mkdir d && echo a >d/a && echo b >b && ln -s b l && echo '#!' >x && chmod +x x"};
  const auto before = manifest(source.work());
  BOOST_REQUIRE_EQUAL(before.size(), 5U);
  BOOST_TEST(difference(before, manifest(source.work())) == "");
  for (const char* change : {"echo c >c", "mkdir e", "rm b && ln -s b b", "chmod -x x", "chmod +x b", "echo B >b",
                             "echo bb >b", "ln -sf d l", "mv b B", "rm d/a", "rm -r d && echo >d", "chmod 700 d"}) {
    const temp_dir copy;
    must_run("cp -a " + source.work().string() + "/. . && " + change, copy.path());
    BOOST_TEST(difference(before, manifest(copy.path())) != "", change << " goes unnoticed");
  }
}

BOOST_AUTO_TEST_CASE(the_awkward_repository_locally) {
  BOOST_REQUIRE_GT(awkward_manifest().size(), sanitized() ? 500U + 200U : 50'000U + 200U);
  const mount m{awkward_repository().string(), {"--ref", "main"}};
  BOOST_TEST(difference(awkward_manifest(), manifest(m.path())) == "");
  // Again, from what the kernel and the directories remember.
  BOOST_TEST(difference(awkward_manifest(), manifest(m.path())) == "");
}

// Tens of thousands of sizes or contents to be asked for are met by each of these in a way of its own.
BOOST_DATA_TEST_CASE(the_awkward_repository_over_http, data::make({"", "noobjinfo", "nofront413"}), server) {
  const mount m{fixture_server().url(server, awkward_name()), {"--ref", "main"}};
  BOOST_TEST(difference(awkward_manifest(), manifest(m.path())) == "");
}

// Each is found out in this mount: its cache is new. Nobody who reads may notice, nor find a word of it in the log.
BOOST_DATA_TEST_CASE(the_awkward_repository_from_servers_of_other_kinds, data::make({"github", "gerrit", "narrow"}),
                     server) {
  const mount m{fixture_server().url(server, awkward_name()), {"--ref", "main"}};
  BOOST_TEST(difference(awkward_manifest(), manifest(m.path())) == "");
  BOOST_TEST(times(m.log(), "warn") == 0U, m.log());
  BOOST_TEST(m.counter("transfers.failed") == 0U);
}

// Nothing but what was asked for ahead of the reader may change, never what the reader sees.
BOOST_AUTO_TEST_CASE(without_prefetch) {
  const mount m{fixture_server().url("noobjinfo", awkward_name()), {"--ref", "main", "-o", "prefetch=off"}};
  const auto names = manifest(awkward_checkout() / "names");
  BOOST_TEST(difference(names, manifest(m / "names")) == "");
  BOOST_TEST(difference(manifest(awkward_checkout() / "kinds"), manifest(m / "kinds")) == "");
  BOOST_TEST(difference(manifest(awkward_checkout() / "deep"), manifest(m / "deep")) == "");
}

BOOST_AUTO_TEST_CASE(the_second_mount_of_a_cache) {
  const scratch_repository source{"mkdir -p a/b && echo x >a/b/c && echo y >a/d && ln -s a/d l && seq 200000 >big"};
  const git_server server{source.root()};
  const auto expected = manifest(source.work());
  const temp_dir cache;
  for (int round = 0; round < 2; ++round) {
    const mount m{mount_plan{.source = server.url("scratch.git"), .cache_dir = cache.path()}};
    BOOST_TEST(difference(expected, manifest(m.path())) == "");
  }
}

BOOST_AUTO_TEST_CASE(the_project_itself) {
  const std::filesystem::path project = std::getenv("GITFS_SOURCE_DIR");
  // A source archive has no repository: a commit of its files stands in for it.
  const temp_dir folder;
  auto repository = project;
  if (run("git rev-parse --git-dir && git rev-parse HEAD", project).status != 0) {
    repository = folder / "archive";
    must_run("cp -a " + shell_quoted(project) + " " + shell_quoted(repository)
                 + " && cd archive && git init -q && git add -A && git commit -q -m all",
             folder.path());
  }
  const std::string commit = must_run("git rev-parse HEAD", repository);
  must_run("umask 022; git clone -q --shared --no-checkout " + shell_quoted(repository)
               + " clone && git -C clone checkout -q " + commit,
           folder.path());
  const mount m{repository.string(), {"--ref", commit}};
  const auto expected = manifest(folder / "clone");
  BOOST_TEST(expected.size() > 50U);
  BOOST_TEST(difference(expected, manifest(m.path())) == "");
}

BOOST_AUTO_TEST_CASE(a_working_tree_s_own_changes_are_not_shown) {
  const scratch_repository source{"echo committed >file"};
  const auto expected = manifest(source.work());
  must_run("echo changed >file && echo new >untracked && git add file", source.work());
  const mount m{source.work().string()};
  BOOST_TEST(difference(expected, manifest(m.path())) == "");
}

BOOST_AUTO_TEST_CASE(file_urls_and_linked_repositories) {
  const scratch_repository source{"mkdir d && echo x >d/f"};
  const auto expected = manifest(source.work());
  must_run("git worktree add -q ../linked HEAD && git clone -q --shared . ../shared", source.work());
  for (const std::string& from :
       {"file://" + source.bare().string(), source.bare().string(), (source.work() / "../linked").string(),
        (source.work() / "../shared").string(), (source.work() / ".git").string()}) {
    const mount m{from};
    BOOST_TEST(difference(expected, manifest(m.path())) == "", from);
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
