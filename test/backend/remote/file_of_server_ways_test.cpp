// What was learned of servers outlives a mount, and no file of it can do harm.
#include "backend/remote/server_ways.hpp"
#include "backend/remote/server_ways_file.hpp"
#include "test/support/captured_log.hpp"
#include "test/support/one_thread.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

namespace gitfs::test {

namespace file_of_server_ways {

namespace {

const server_place here{"https://git.example", "/a.git"}, beside{"https://git.example", "/b.git"};

struct kept {
  temp_dir dir;
  std::int64_t now = 1'700'000'000;
  std::filesystem::path file = server_ways::file_in(dir.path());
  std::shared_ptr<server_ways> open() {
    return std::make_shared<server_ways>(file, [this] { return now; });
  }
  void write(const std::string& text) { std::ofstream{file} << text; }
  std::string text() {
    std::ifstream in{file};
    return {std::istreambuf_iterator<char>{in}, {}};
  }
};

} // namespace

} // namespace file_of_server_ways

BOOST_FIXTURE_TEST_SUITE(file_of_server_ways, file_of_server_ways::kept)

BOOST_AUTO_TEST_CASE(is_read_by_the_next) {
  open()->learn(here, way_form::commit_tree_1, verdict::refused, "no");
  open()->learn(beside, way_form::commit_tree_0, verdict::works);
  const auto read = open();
  BOOST_TEST((read->of(here, way_form::commit_tree_1) == verdict::refused));
  BOOST_TEST((read->of(here, way_form::object_tree_1) == verdict::refused)); // the same filter
  BOOST_TEST((read->of(beside, way_form::commit_tree_1) == verdict::refused));
  BOOST_TEST((read->of_repository(beside, way_form::commit_tree_1) == verdict::unknown));
  BOOST_TEST((read->of(here, way_form::commit_tree_0) == verdict::works));
  BOOST_TEST((read->of({"https://other.example", "/a.git"}, way_form::commit_tree_0) == verdict::unknown));
}

BOOST_AUTO_TEST_CASE(is_asked_anew_after_its_age) {
  open()->learn(here, way_form::object_tree_0, verdict::lacking, "nothing came");
  now += longest_learned;
  BOOST_TEST((open()->of(here, way_form::object_tree_0) == verdict::lacking));
  now += 1;
  BOOST_TEST((open()->of(here, way_form::object_tree_0) == verdict::unknown));
  now -= longest_learned + 2; // the clock was set back: a time that is to come would stay for ever
  BOOST_TEST((open()->of(here, way_form::object_tree_0) == verdict::unknown));
}

BOOST_AUTO_TEST_CASE(is_ignored_when_it_is_not_as_we_write_it) {
  const captured_log log;
  open()->learn(here, way_form::commit_tree_1, verdict::refused, "no");
  const std::string good = text();
  BOOST_REQUIRE(good.find("refused") != std::string::npos);
  const auto with = [&](const std::string& part, const std::string& instead) {
    std::string out = good;
    const std::size_t at = out.find(part);
    BOOST_REQUIRE_MESSAGE(at != std::string::npos, part);
    return out.replace(at, part.size(), instead);
  };
  const std::string wrong[] = {"",
                               "{",
                               good.substr(0, good.size() / 2),
                               "[]",
                               "null",
                               std::string(100'000, '['),
                               good + std::string(2U << 20, ' '),
                               std::string("\0\xff\xfe", 3),
                               with("\"version\":1", "\"version\":2"),
                               with("\"hosts\":{", "\"hosts\":[{") + "]",
                               with("refused", "perhaps"),
                               with("commit tree:1", "commit tree:9"),
                               with("\"at\":1700000000", "\"at\":\"now\""),
                               with("\"at\":1700000000", "\"at\":1e300"),
                               with("\"repositories\":{", "\"repositories\":7,\"x\":{")};
  for (const std::string& each : wrong) {
    write(each);
    const std::size_t said = log.text().size();
    const auto ways = open();
    BOOST_TEST((ways->of(here, way_form::commit_tree_1) == verdict::unknown), each.substr(0, 80));
    BOOST_TEST(log.text().find("is damaged, or of another version", said) != std::string::npos, each.substr(0, 80));
    ways->learn(here, way_form::commit_tree_1, verdict::refused, "no");
    BOOST_TEST((open()->of(here, way_form::commit_tree_1) == verdict::refused)); // it was written anew
  }
}

BOOST_AUTO_TEST_CASE(does_not_grow_for_ever, *of_one_thread()) {
  const captured_log log; // not into the output of the tests
  const auto ways = open();
  for (int i = 0; i < 600; ++i) {
    ++now;
    ways->learn({i < 300 ? "https://h" + std::to_string(i) : here.host, "/r" + std::to_string(i)},
                way_form::commit_tree_1, verdict::refused, "no");
  }
  BOOST_TEST(text().size() < 200'000U);
  const auto read = open();
  BOOST_TEST((read->of_repository({here.host, "/r599"}, way_form::commit_tree_1) == verdict::refused));
  BOOST_TEST((read->of_repository({here.host, "/r300"}, way_form::commit_tree_1) == verdict::unknown));
}

BOOST_AUTO_TEST_CASE(two_processes_lose_nothing_of_each_other) {
  const auto one = open(), two = open();
  one->learn(here, way_form::commit_tree_1, verdict::refused, "no");
  two->learn(here, way_form::object_tree_0, verdict::lacking, "nothing");
  const auto read = open();
  BOOST_TEST((read->of(here, way_form::commit_tree_1) == verdict::refused));
  BOOST_TEST((read->of(here, way_form::object_tree_0) == verdict::lacking));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
