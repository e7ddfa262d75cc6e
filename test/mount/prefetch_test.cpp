// What is fetched ahead of the reader, in how few requests, and what is not: counted in the server's log.
#include "test/mount/shared.hpp"

#include "test/support/background.hpp"
#include "test/support/command.hpp"
#include "test/support/git_server.hpp"
#include "test/support/manifest.hpp"
#include "test/support/mount.hpp"
#include "test/support/scratch_repository.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>

namespace gitfs::test {

namespace prefetch {

namespace {

using namespace std::chrono_literals;
namespace data = boost::unit_test::data;

constexpr std::size_t blob_size = 5'000; // no tree is near it, so bytes tell what was fetched

// 30 folders of 20 files that do not compress, a link in each; one folder with 500.
const scratch_repository& repository() {
  static const scratch_repository made{
      "for d in $(seq 30); do mkdir d$d; for f in $(seq 20); do head -c 5000 /dev/urandom >d$d/f$f; done; ln -s f1 "
      "d$d/l; "
      "done; mkdir many; for f in $(seq 500); do head -c 5000 /dev/urandom >many/$f; done"};
  return made;
}

struct counted {
  git_server server{repository().root()};

  mount at(const std::string& modifiers, const std::vector<std::string>& options = {}) const {
    return mount{server.url(modifiers, "scratch.git"), options};
  }
  std::uint64_t bytes() {
    std::uint64_t out = 0;
    for (const auto& each : server.requests())
      out += each.bytes_sent;
    return out;
  }
  // No request for a while: what was started ahead has ended.
  void settle() {
    std::size_t before = 0;
    BOOST_REQUIRE(eventually([&] {
      const std::size_t now = server.count();
      const bool quiet = now == before;
      before = now;
      pause_for(300ms);
      return quiet;
    }));
  }
};

} // namespace

} // namespace prefetch

BOOST_FIXTURE_TEST_SUITE(prefetch, prefetch::counted)

BOOST_AUTO_TEST_CASE(sizes_of_a_listing_come_unasked_in_one_request) {
  const mount m = at("");
  must_run("ls", m.path());
  settle();
  server.clear_requests();
  must_run("ls many", m.path());
  BOOST_TEST(eventually([&] { return server.count("object-info") == 1; }));
  settle();
  BOOST_TEST(server.count("object-info") == 1U);
  BOOST_TEST(server.count("fetch") == 0U);
  server.clear_requests();
  BOOST_TEST(must_run("stat -c %s many/* | sort -u", m.path()) == "5000");
  BOOST_TEST(server.count() == 0U);
}

BOOST_DATA_TEST_CASE(plain_ls_downloads_no_contents, data::make({"", "noobjinfo"}), modifiers) {
  const mount m = at(modifiers);
  must_run("ls && ls d1 && ls d2/", m.path());
  settle();
  if (std::string{modifiers}.empty())
    BOOST_TEST(bytes() < 20 * blob_size);
  // Without object-info sizes may come with contents, but only those of what was listed.
  BOOST_TEST(bytes() < 3 * 20 * blob_size + 200'000U);
}

BOOST_AUTO_TEST_CASE(ls_l_of_a_cold_folder_costs_few_requests) {
  for (const auto& [modifiers, bound] :
       {std::pair{"", 2U}, std::pair{"noobjinfo", 3U}, std::pair{"nofilter/noobjinfo", 3U}}) {
    const mount m = at(modifiers);
    must_run("ls", m.path());
    settle();
    server.clear_requests();
    BOOST_TEST(must_run("ls -l many | wc -l", m.path()) == "501");
    BOOST_TEST(server.count() <= bound, modifiers << ": " << server.count());
  }
}

// 1,100 sizes, and as many contents, are more than fits into 16 KB; so are the 500 of one folder.
BOOST_AUTO_TEST_CASE(a_server_with_a_limit_for_requests_is_asked_for_less_at_once) {
  const mount m = at("short");
  BOOST_TEST(must_run("find . -type f -printf '%s\\n' | sort | uniq -c | xargs", m.path()) == "1100 5000");
  BOOST_TEST(must_run("find . -type f -exec cat {} + | wc -c", m.path()) == "5500000");
  const auto all = server.requests();
  const auto refused = std::count_if(all.begin(), all.end(), [](const auto& each) { return each.status == 413; });
  BOOST_TEST(refused > 0);
  BOOST_TEST(refused <= 10, refused << " requests were refused: the limit is not kept");
}

BOOST_AUTO_TEST_CASE(a_walk_costs_far_fewer_requests_than_it_has_folders) {
  // Without object-info the sizes of a folder come with its contents: one request for each of the 32.
  for (const auto& [modifiers, bound] : {std::pair{"", 15U}, std::pair{"noobjinfo", 40U}}) {
    server.clear_requests();
    const mount m = at(modifiers);
    must_run("find . -ls | wc -l", m.path());
    BOOST_TEST(server.count() <= bound, modifiers << ": " << server.count());
  }
}

BOOST_AUTO_TEST_CASE(reading_everything_is_batched) {
  const mount m = at("");
  must_run("find . -ls >/dev/null", m.path());
  settle();
  server.clear_requests();
  must_run("find . -type f -exec cat {} + | wc -c", m.path());
  BOOST_TEST(server.count("fetch") <= 110U, server.count("fetch") << " for 1100 files");
  BOOST_TEST(server.count("object-info") == 0U);
}

BOOST_AUTO_TEST_CASE(scattered_reads_do_not_download_the_repository) {
  const mount m = at("");
  must_run("ls -lR >/dev/null", m.path());
  settle();
  server.clear_requests();
  must_run("for d in $(seq 30); do cat d$d/f$((d * 7 % 20 + 1)); done | wc -c", m.path());
  settle();
  BOOST_TEST(server.count() <= 60U, server.count());
  BOOST_TEST(bytes() < 1100 * blob_size / 2, bytes());
}

BOOST_AUTO_TEST_CASE(one_read_fetches_one_file) {
  const mount m = at("");
  must_run("ls -l d7", m.path());
  settle();
  server.clear_requests();
  must_run("cat d7/f3 >/dev/null", m.path());
  settle();
  BOOST_TEST(server.count("fetch") >= 1U);
  BOOST_TEST(bytes() < 21 * blob_size + 10'000U, bytes());
  server.clear_requests();
  must_run("cat d7/f3 >/dev/null", m.path());
  drop_kernel_caches();
  must_run("cat d7/f3 >/dev/null", m.path());
  BOOST_TEST(server.count() == 0U);
}

BOOST_AUTO_TEST_CASE(links_are_there_when_ls_l_asks) {
  const mount m = at("");
  must_run("ls -lR >/dev/null", m.path());
  settle();
  server.clear_requests();
  BOOST_TEST(must_run("readlink d*/l | sort -u", m.path()) == "f1");
  BOOST_TEST(server.count() == 0U);
}

BOOST_AUTO_TEST_CASE(off_means_off) {
  const mount m = at("", {"-o", "prefetch=off"});
  server.clear_requests();
  must_run("ls d1", m.path());
  const auto asked = server.count();
  pause_for(500ms);
  BOOST_TEST(server.count() == asked);
  BOOST_TEST(server.count("object-info") == 0U);
}

// Eight processes want the same: one request does for all.
BOOST_AUTO_TEST_CASE(who_asks_at_once_asks_once) {
  const mount m = at("d300", {"-o", "prefetch=off"});
  server.clear_requests();
  must_run("for i in 1 2 3 4 5 6 7 8; do cat d5/f5 >/dev/null & done; wait", m.path());
  std::uint64_t wants = 0;
  for (const auto& each : server.requests())
    wants += each.wants;
  BOOST_TEST(wants <= 3U);
  BOOST_TEST(bytes() < 2 * blob_size + 20'000U, bytes());
}

// 1,100 files: one by one these would be as many requests.
BOOST_AUTO_TEST_CASE(a_listed_tree_comes_in_few_requests_in_any_order) {
  const struct {
    const char* order;
    const char* script;
    std::size_t most;
  } rows[] = {
      {"backward", "find . -type f | sort -r | xargs cat | wc -c", 100},
      {"shuffled", "find . -type f | sort | shuf --random-source=many/1 | xargs cat | wc -c", 100},
      {"eight at once", "find . -type f | sort | xargs -P8 -n20 cat | wc -c", 100},
      {"by inode number", "find . -type f -printf '%i %p\\n' | sort -n | cut -d' ' -f2 | xargs cat | wc -c", 100},
  };
  for (const auto& row : rows) {
    const mount m = at("");
    server.clear_requests();
    BOOST_TEST(must_run(row.script, m.path()) == "5500000");
    BOOST_TEST(server.count() <= row.most, row.order << ": " << server.count());
  }
}

// As git status and make do: no folder is listed, and no file is read.
BOOST_AUTO_TEST_CASE(looking_every_file_up_by_name_costs_few_requests) {
  const std::string names = "for d in $(seq 30); do for f in $(seq 20); do echo d$d/f$f; done; done";
  for (const char* each : {" | xargs stat -c %s", " | xargs -P8 -n75 stat -c %s"}) {
    const mount m = at("");
    server.clear_requests();
    BOOST_TEST(must_run(names + each + " | sort | uniq -c | xargs", m.path()) == "600 5000");
    settle();
    BOOST_TEST(server.count() <= 25U, each << ": " << server.count());
    BOOST_TEST(bytes() < 30 * blob_size, each << ": " << bytes());
  }
}

BOOST_AUTO_TEST_CASE(one_file_of_each_folder_brings_no_other_file) {
  const mount m = at("");
  server.clear_requests();
  must_run("for d in $(seq 30 | shuf --random-source=/bin/sh); do cat d$d/f$((d * 7 % 20 + 1)); done | wc -c",
           m.path());
  settle();
  BOOST_TEST(server.count("object-info") <= 2U);
  BOOST_TEST(bytes() < 32 * blob_size + 60'000U, bytes());
}

// What a look-up brought, and what came ahead, is not asked for again.
BOOST_AUTO_TEST_CASE(a_folder_that_is_read_by_name_comes_after_two_reads) {
  const mount m = at("");
  must_run("cat many/17 many/400 many/3 >/dev/null", m.path());
  settle();
  server.clear_requests();
  BOOST_TEST(must_run("for f in $(seq 500); do cat many/$f; done | wc -c", m.path()) == "2500000");
  BOOST_TEST(server.count() <= 8U, server.count());
}

BOOST_AUTO_TEST_CASE(an_absent_name_in_a_known_folder_is_not_asked_for) {
  const mount m = at("");
  must_run("ls many d1", m.path());
  settle();
  server.clear_requests();
  must_run("! cat many/x1 d1/x2 many/.git d1/f1x 2>/dev/null", m.path());
  BOOST_TEST(server.count() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
