// What each kind of server can less, met on a repository that is small: the same in every build, so with asan alone.
// `equality` has the one with tens of thousands of files.
#include "test/mount/shared.hpp"

#include "test/support/command.hpp"
#include "test/support/fixtures.hpp"
#include "test/support/manifest.hpp"
#include "test/support/mount.hpp"
#include "test/support/scratch_repository.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

namespace gitfs::test {

namespace data = boost::unit_test::data;

BOOST_AUTO_TEST_SUITE(server_kinds)

namespace {

std::string url(const std::string& server) {
  return fixture_server().url(server, small_awkward_repository().filename().string());
}

// Nobody who reads notices what the server cannot, nor finds a word of it in the log.
void shows_all(const mount& m) {
  BOOST_TEST(difference(small_awkward_manifest(), manifest(m.path())) == "");
  BOOST_TEST(times(m.log(), "warn") == 0U, m.log());
}

} // namespace

BOOST_DATA_TEST_CASE(everything_at_once, data::make({"nofilter", "nofilter/noobjinfo"}), server) {
  shows_all(mount{url(server), {"--ref", "main"}});
}

BOOST_AUTO_TEST_CASE(behind_digest_authentication) {
  const std::string name = small_awkward_repository().filename().string();
  git_server server{fixtures_folder(), transport::plain, passwords::digest};
  const mount m{"http://user:pass@" + server.url("digest", name).substr(7), {"--ref", "main"}};
  shows_all(m);
  BOOST_TEST(m.counter("transfers.failed") == 0U);
}

BOOST_DATA_TEST_CASE(servers_that_can_less,
                     data::make({"gerrit/noobjinfo", "gerrit/nofilter", "narrow/noobjinfo", "narrow0", "silent",
                                 "github/nofilter"}),
                     server) {
  const mount m{url(server), {"--ref", "main"}};
  shows_all(m);
  BOOST_TEST(m.counter("transfers.failed") == 0U);
}

// Single trees are asked for only where not all of them come at once.
BOOST_DATA_TEST_CASE(tree_by_tree, data::make({"github", "gerrit", "narrow", "silent"}), server) {
  shows_all(mount{url(server), {"--ref", "main", "--trees-ahead", "0"}});
}

BOOST_AUTO_TEST_CASE(what_was_learned_of_a_server_is_shown_and_serves_the_next_mount) {
  const scratch_repository source{"mkdir -p a/b && echo x >a/b/c && echo y >a/d"};
  git_server server{source.root()};
  const mount_plan plan{.source = server.url("gerrit", "scratch.git"), .options = {"--trees-ahead", "0"}};
  const temp_dir cache;
  const auto failed_requests = [&](const std::string& file) {
    mount_plan with = plan;
    with.cache_dir = cache.path();
    const mount m{with};
    must_run("cat " + file, m.path());
    const auto told = run_program({"status", "--verbose", m.path().string()});
    BOOST_TEST(told.output.find("object tree:0 lacking, object tree:1 works") != std::string::npos, told.output);
    BOOST_TEST(m.counter("ways.not_taken") == 1U);
    return m.counter("ways.failed_requests");
  };
  BOOST_TEST(failed_requests("a/b/c") == 1U);
  must_run("rm -rf *.git", cache.path()); // what was fetched, not what was learned
  BOOST_TEST(failed_requests("a/b/c") == 0U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
