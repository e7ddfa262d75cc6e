// What is kept in the order of its last use.
#include "config/lru_map.hpp"

#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(lru_map)

namespace {

using numbers = gitfs::lru_map<std::string, int>;

std::string text_of(const numbers& from) {
  std::string out;
  for (const auto& [key, value] : from)
    out += key + std::to_string(value) + " ";
  return out;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_use_moves_it_to_the_front_and_a_look_does_not) {
  numbers all;
  for (const char* key : {"a", "b", "c"})
    BOOST_REQUIRE(all.add(key, 1) != nullptr);
  BOOST_TEST(text_of(all) == "c1 b1 a1 ");
  BOOST_REQUIRE(all.find("a") != nullptr);
  BOOST_TEST(text_of(all) == "c1 b1 a1 ");
  ++*all.use("a");
  BOOST_TEST(text_of(all) == "a2 c1 b1 ");
  BOOST_TEST(all.find("d") == nullptr);
  BOOST_TEST(all.use("d") == nullptr);
}

BOOST_AUTO_TEST_CASE(what_is_there_stays_as_it_is) {
  numbers all;
  all.add("a", 1);
  all.add("b", 1);
  BOOST_TEST(all.add("a", 2) == nullptr);
  BOOST_TEST(text_of(all) == "b1 a1 ");
  BOOST_TEST(all.size() == 2U);
}

BOOST_AUTO_TEST_CASE(the_oldest_goes_and_what_went_can_come_again) {
  numbers all;
  for (const char* key : {"a", "b", "c"})
    all.add(key, 1);
  all.use("a");
  BOOST_TEST(all.take_oldest().front().first == "b");
  BOOST_TEST(all.take("a").front().first == "a");
  BOOST_TEST(all.take("a").empty());
  BOOST_TEST(!all.contains("a"));
  BOOST_TEST(text_of(all) == "c1 ");
  all.add("b", 3);
  BOOST_TEST(text_of(all) == "b3 c1 ");
  all.erase_if([](int value) { return value == 3; });
  BOOST_TEST(text_of(all) == "c1 ");
  BOOST_TEST(!all.contains("b"));
  BOOST_TEST(all.take_all().size() == 1U);
  BOOST_TEST(all.empty());
  BOOST_TEST(all.take_oldest().empty());
}

BOOST_AUTO_TEST_CASE(what_was_taken_out_lives_as_long_as_its_taker_wants) {
  gitfs::lru_map<int, std::shared_ptr<int>> all;
  const auto value = std::make_shared<int>(1);
  all.add(1, value);
  {
    const auto taken = all.take(1);
    BOOST_TEST(all.empty());
    BOOST_TEST(value.use_count() == 2);
  }
  BOOST_TEST(value.use_count() == 1);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
