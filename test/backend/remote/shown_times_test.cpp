// What places of mounts have shown, and since when.
#include "backend/remote/shown_times.hpp"
#include "test/support/captured_log.hpp"
#include "test/support/command.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(shown_times)

namespace {

constexpr file_time second = 1'000'000'000;

oid tree(unsigned n) {
  oid out;
  out.bytes[0] = static_cast<std::uint8_t>(n);
  out.bytes[1] = static_cast<std::uint8_t>(n >> 8);
  out.bytes[19] = 1;
  return out;
}

/// Committed at second 100 + n.
snapshot_facts snapshot(unsigned n, file_time shown_at) {
  snapshot_facts out{tree(n + 1000), tree(n), 100 + n, {}};
  out.shown_at = shown_at;
  return out;
}

std::filesystem::path only_file(const temp_dir& cache) {
  std::filesystem::path out;
  for (const auto& each : std::filesystem::directory_iterator{cache / "shown-times"}) {
    BOOST_TEST(out.empty());
    out = each.path();
  }
  return out;
}

} // namespace

BOOST_AUTO_TEST_CASE(the_first_tree_has_the_time_of_its_commit_and_later_ones_that_of_the_move) {
  const auto first = shows_now(nullptr, snapshot(1, 500 * second + 7));
  BOOST_TEST((*first == shown_runs{{tree(1), 101 * second}}));
  const auto moved = shows_now(first, snapshot(2, 600 * second + 9));
  BOOST_TEST((*moved == shown_runs{{tree(2), 600 * second + 9}, {tree(1), 101 * second}}));
  // Another commit of the same tree changes no file.
  BOOST_TEST(shows_now(moved, {tree(77), tree(2), 900, {}, 700 * second}) == moved);
  // What comes back has changed again.
  const auto back = shows_now(moved, snapshot(1, 800 * second));
  BOOST_TEST((back->front() == shown_run{tree(1), 800 * second}));
  BOOST_TEST(back->size() == 3U);
}

BOOST_AUTO_TEST_CASE(no_time_is_later_than_the_clock_or_was_there_before) {
  BOOST_TEST(shows_now(nullptr, snapshot(1, 50 * second))->front().since == 50 * second); // committed tomorrow
  snapshot_facts far = snapshot(1, 0);
  far.time = std::int64_t{1} << 62;
  BOOST_TEST(shows_now(nullptr, far)->front().since > 9'000'000'000 * second);
  auto all = shows_now(nullptr, snapshot(1, 500 * second));
  std::set<file_time> times{all->front().since};
  for (unsigned n = 2; n < 12; ++n) { // of one moment
    all = shows_now(all, snapshot(n, 500 * second));
    BOOST_TEST(all->front().since <= 500 * second);
    BOOST_TEST(times.insert(all->front().since).second);
  }
  // The clock was put back.
  BOOST_TEST(shows_now(all, snapshot(20, 400 * second))->front().since == 400 * second);
}

BOOST_AUTO_TEST_CASE(what_was_first_and_the_latest_ones_stay_however_many_come) {
  auto all = shows_now(nullptr, snapshot(0, 1000 * second));
  for (unsigned n = 1; n < 1000; ++n) {
    const auto before = all;
    all = shows_now(all, snapshot(n, (1000 + n) * second));
    BOOST_REQUIRE(all->size() <= most_runs);
    BOOST_TEST((all->back() == shown_run{tree(0), 100 * second}));
    for (std::size_t i = 1; i < std::min<std::size_t>(before->size(), most_runs / 2); ++i)
      BOOST_TEST(((*all)[i] == (*before)[i - 1]));
    for (std::size_t i = 1; i < all->size(); ++i)
      BOOST_TEST(((*all)[i].tree != (*all)[i - 1].tree && (*all)[i].since < (*all)[i - 1].since));
  }
  for (unsigned n = 0; n < 300; ++n) { // of two trees by turns none can be left out but with another one
    all = shows_now(all, snapshot(n % 2 == 0 ? 5000 : 5001, (3000 + n) * second));
    BOOST_TEST(all->size() <= most_runs);
    for (std::size_t i = 1; i < all->size(); ++i)
      BOOST_TEST(((*all)[i].tree != (*all)[i - 1].tree));
  }
}

BOOST_AUTO_TEST_CASE(they_are_there_after_a_remount_of_the_same_place_alone) {
  const temp_dir cache;
  const auto runs = shows_now(shows_now(nullptr, snapshot(1, 500 * second)), snapshot(2, 600 * second + 9));
  {
    const gitfs::shown_times times{cache.path(), "/mnt/a"};
    BOOST_TEST(times.read("team/x") == nullptr);
    BOOST_TEST(!std::filesystem::exists(cache / "shown-times"));
    times.write("team/x", *runs);
  }
  const gitfs::shown_times again{cache.path(), "/mnt/a"};
  BOOST_REQUIRE(again.read("team/x") != nullptr);
  BOOST_TEST((*again.read("team/x") == *runs));
  BOOST_TEST(again.read("team") == nullptr);
  BOOST_TEST(again.read("") == nullptr);
  BOOST_TEST((gitfs::shown_times{cache.path(), "/mnt/b"}.read("team/x") == nullptr));
  again.write("team/x", *shows_now(runs, snapshot(3, 700 * second)));
  BOOST_TEST(again.read("team/x")->size() == 3U);
  only_file(cache); // there is one still
}

// Every bit of it.
BOOST_AUTO_TEST_CASE(damage_is_said_and_never_taken_for_a_time) {
  const temp_dir cache;
  const gitfs::shown_times times{cache.path(), "/mnt/a"};
  times.write("", *shows_now(shows_now(nullptr, snapshot(1, 500 * second)), snapshot(2, 600 * second)));
  const auto file = only_file(cache);
  std::ifstream in{file, std::ios::binary};
  const std::string good{std::istreambuf_iterator<char>{in}, {}};
  const captured_log log;
  const auto holds_now = [&](const std::string& text) {
    std::ofstream{file, std::ios::binary | std::ios::trunc} << text;
    return times.read("") != nullptr;
  };
  BOOST_TEST(holds_now(good));
  BOOST_TEST(log.text().empty());
  for (std::size_t i = 0; i < good.size() * 8; ++i) {
    std::string bad = good;
    bad[i / 8] = static_cast<char>(bad[i / 8] ^ (1 << (i % 8)));
    BOOST_TEST(!holds_now(bad), i);
  }
  for (const std::string& bad : {std::string{}, good.substr(0, good.size() / 2), good + "\n", good + good,
                                 std::string(1 << 20, 'x'), std::string("\n")})
    BOOST_TEST(!holds_now(bad));
  BOOST_TEST(holds(log.text(), file.string() + " is damaged"), log.text());
}

BOOST_AUTO_TEST_CASE(a_cache_that_cannot_be_written_costs_nothing_but_that) {
  const temp_dir dir;
  std::ofstream{dir / "file"} << "x";
  const gitfs::shown_times times{dir / "file", "/mnt/a"};
  times.write("", *shows_now(nullptr, snapshot(1, 500 * second)));
  BOOST_TEST(times.read("") == nullptr);
}

BOOST_AUTO_TEST_CASE(of_too_many_places_the_oldest_are_forgotten) {
  const temp_dir cache;
  const gitfs::shown_times times{cache.path(), "/mnt/a"};
  const auto runs = shows_now(nullptr, snapshot(1, 500 * second));
  times.write("first", *runs);
  must_run("touch -d 2001-01-01 " + only_file(cache).string());
  must_run("for i in $(seq 4095); do : >old-$i; done", cache / "shown-times");
  times.write("last", *runs);
  BOOST_TEST(times.read("first") == nullptr);
  BOOST_TEST(times.read("last") != nullptr);
  BOOST_TEST(must_run("ls | wc -l", cache / "shown-times") == "4096");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
