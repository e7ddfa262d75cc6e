// The kept runs of a source.
#include "backend/profile/profile_store.hpp"
#include "test/support/captured_log.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

namespace gitfs::test {

namespace profile_store {

namespace {

namespace fs = std::filesystem;

gitfs::profile run_of(const std::string& job, int files) {
  gitfs::profile out;
  for (int i = 0; i < files; ++i)
    out.entries.push_back({static_cast<std::uint32_t>(i + 1), 10, "cc1", job + std::to_string(i)});
  return out;
}

struct kept {
  temp_dir dir;
  const fs::path folder = dir / "profiles";
  const gitfs::profile_store store{{folder, {}}, "https://git.example/a.git"};

  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator{folder}, fs::directory_iterator{}));
  }
  // Files of one moment would have no order.
  void age() const {
    for (const auto& each : fs::directory_iterator{folder})
      fs::last_write_time(each, each.last_write_time() - std::chrono::seconds{10});
  }
  void add(const std::string& job, int files = 20) const {
    store.add(run_of(job, files));
    age();
  }
  std::string jobs() const {
    std::string out;
    for (const gitfs::profile& each : store.runs())
      out += each.entries.front().path.substr(0, 1);
    return out;
  }
};

} // namespace

} // namespace profile_store

BOOST_FIXTURE_TEST_SUITE(profile_store, profile_store::kept)

BOOST_AUTO_TEST_CASE(the_last_runs_are_kept) {
  BOOST_TEST(store.runs().empty());
  for (const char* job : {"a", "b", "c", "d", "e", "f"})
    add(job);
  BOOST_TEST(jobs() == "fedc");
  BOOST_TEST(files() == 4U);
  BOOST_TEST(store.runs().front().source == "https://git.example/a.git");
}

BOOST_AUTO_TEST_CASE(a_run_replaces_one_of_the_same_job) {
  for (const char* job : {"a", "b", "c"})
    add(job);
  add("a", 22);
  BOOST_TEST(jobs() == "acb");
  BOOST_TEST(store.runs().front().entries.size() == 22U);
}

BOOST_AUTO_TEST_CASE(sizes_that_the_last_run_did_not_have_to_ask_for_stay) {
  gitfs::profile first = profile_store::run_of("a", 20);
  first.entries.push_back({21, unknown_size_class, "", "folder/"});
  store.add(first);
  add("a");
  BOOST_REQUIRE(files() == 1U);
  BOOST_TEST(store.runs().front().entries.back().path == "folder/");
}

BOOST_AUTO_TEST_CASE(a_run_of_few_files_is_not_kept) {
  store.add(profile_store::run_of("a", 3));
  BOOST_TEST(!std::filesystem::exists(folder));
}

BOOST_AUTO_TEST_CASE(damaged_files_are_passed_over_and_go_in_time) {
  add("a");
  std::ofstream{folder / "damaged"} << "gitfs-actor profile 1\n1 1\n";
  std::ofstream{folder / "binary"} << std::string(5000, '\xff');
  BOOST_TEST(jobs() == "a");
  age();
  for (const char* job : {"b", "c", "d", "e"})
    add(job);
  BOOST_TEST(jobs() == "edcb");
  BOOST_TEST(files() == 4U);
}

BOOST_AUTO_TEST_CASE(a_small_cache_keeps_the_first_part_of_a_run) {
  const gitfs::profile_store small{{folder, {}, 1000}, "s"};
  small.add(profile_store::run_of("a", 1000));
  BOOST_REQUIRE(small.runs().size() == 1U);
  const auto kept = small.runs().front().entries.size();
  BOOST_TEST(kept >= 30U);
  BOOST_TEST(kept <= 70U);
  BOOST_TEST(std::filesystem::file_size(std::filesystem::directory_iterator { folder } -> path()) <= 1000U);
  const gitfs::profile_store none{{folder, {}, 50}, "s"};
  none.add(profile_store::run_of("b", 1000));
  BOOST_TEST(small.runs().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_folder_that_cannot_be_written_is_told_once) {
  std::ofstream{folder} << "a file";
  const captured_log log;
  store.add(profile_store::run_of("a", 20));
  store.add(profile_store::run_of("b", 20));
  const std::string said = log.text();
  BOOST_TEST(said.find("is not remembered") != std::string::npos, said);
  BOOST_TEST(said.find("is not remembered") == said.rfind("is not remembered"), said);
  BOOST_TEST(store.runs().empty());
}

BOOST_AUTO_TEST_CASE(a_store_that_was_removed_stays_so) {
  const gitfs::profile_store gone{{dir / "no" / "profiles", {}}, "s"};
  gone.add(profile_store::run_of("a", 20));
  BOOST_TEST(!std::filesystem::exists(dir / "no"));
}

BOOST_AUTO_TEST_CASE(without_a_folder_nothing_is_kept) {
  const gitfs::profile_store none{{{}, "named"}, "s"};
  none.add(profile_store::run_of("a", 20));
  BOOST_TEST(!none.keeps_runs());
  BOOST_TEST(none.runs().empty());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
