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

capabilities offering(bool filters) {
  capabilities out;
  out.agent = "git/2.39.5 \"x\"";
  out.object_format = "sha1";
  out.ls_refs = out.ls_refs_unborn = out.fetch = out.fetch_shallow = out.fetch_wait_for_done = out.object_info = true;
  out.fetch_filter = filters;
  return out;
}

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

BOOST_AUTO_TEST_CASE(has_the_capabilities_of_each_repository_for_a_day) {
  open()->learn_capabilities(here, offering(true));
  BOOST_TEST((open()->capabilities_of(here) == offering(true)));
  BOOST_TEST(!open()->capabilities_of(beside));
  open()->learn(here, way_form::commit_tree_1, verdict::works); // which writes the file, too
  now += longest_offered;
  const auto open_for_long = open();
  BOOST_TEST((open_for_long->capabilities_of(here) == offering(true)));
  now += 1;
  BOOST_TEST(!open_for_long->capabilities_of(here));
  BOOST_TEST(!open()->capabilities_of(here));
  now -= longest_offered + 2; // the clock was set back
  BOOST_TEST(!open()->capabilities_of(here));
}

// Of many repositories that are opened one after the other.
BOOST_AUTO_TEST_CASE(is_not_written_for_each_repository) {
  auto ways = open();
  ways->learn_capabilities(here, offering(true));
  ways->learn_capabilities(beside, offering(true));
  BOOST_TEST(open()->capabilities_of(here).has_value());
  BOOST_TEST(!open()->capabilities_of(beside));
  BOOST_TEST(ways->capabilities_of(beside).has_value());
  ways.reset();
  BOOST_TEST(open()->capabilities_of(beside).has_value());
}

// Its owner is told to allow filters, and is to see that it helps.
BOOST_AUTO_TEST_CASE(does_not_keep_that_a_server_has_no_filters) {
  open()->learn_capabilities(here, offering(true));
  open()->learn_capabilities(here, offering(false));
  BOOST_TEST(!open()->capabilities_of(here));
  capabilities odd = offering(true);
  odd.agent = "git/\xff";
  open()->learn_capabilities(here, odd);
  const captured_log log;
  BOOST_TEST(!open()->capabilities_of(here));
  BOOST_TEST(log.text() == "");
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
  open()->learn_capabilities(here, offering(true));
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
                               with("\"repositories\":{", "\"repositories\":7,\"x\":{"),
                               with("\"offers\":{", "\"offers\":7,\"x\":{"),
                               with("\"says\":[", "\"says\":[7,"),
                               with("\"fetch=", "\"fetched=")};
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
  auto ways = open();
  for (int i = 0; i < 600; ++i) {
    ++now;
    ways->learn({i < 300 ? "https://h" + std::to_string(i) : here.host, "/r" + std::to_string(i)},
                way_form::commit_tree_1, verdict::refused, "no");
    ways->learn_capabilities({here.host, "/r" + std::to_string(i)}, offering(true));
  }
  ways.reset();
  BOOST_TEST(text().size() < 200'000U);
  const auto read = open();
  BOOST_TEST((read->of_repository({here.host, "/r599"}, way_form::commit_tree_1) == verdict::refused));
  BOOST_TEST((read->of_repository({here.host, "/r300"}, way_form::commit_tree_1) == verdict::unknown));
  BOOST_TEST(read->capabilities_of({here.host, "/r599"}).has_value());
  BOOST_TEST(!read->capabilities_of({here.host, "/r300"}));
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
