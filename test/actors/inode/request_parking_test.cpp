#include "actors/inode/request_parking.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(request_parking)

namespace {

using parking = gitfs::request_parking<std::string, char>;

want_id want_of(parking& p, char what, bool ahead = false) {
  const want_id id = p.next_id();
  p.begin({id, what, ahead ? urgency::speculation : urgency::demand, ahead});
  return id;
}

std::string kinds(const std::vector<parking::wanted>& all) {
  std::string out;
  for (const auto& each : all)
    out += each.what;
  return out;
}

using requests = std::vector<std::string>;

} // namespace

BOOST_AUTO_TEST_CASE(who_waits_for_one_thing_is_taken_in_the_order_of_coming) {
  parking p;
  const want_id a = want_of(p, 'a'), b = want_of(p, 'b');
  BOOST_TEST(a != b);
  p.park("first", 1, a);
  p.park("other", 2, b);
  p.park("second", 3, a);
  const auto ended = p.end(a);
  BOOST_REQUIRE(ended);
  BOOST_TEST(ended->what == 'a');
  BOOST_TEST((p.take(a) == requests{"first", "second"}));
  BOOST_TEST(p.waiting().size() == 1U);
  BOOST_TEST(!p.end(a)); // a late answer
  BOOST_TEST(p.is_wanted('b'));
  BOOST_TEST(!p.is_wanted('a'));
}

BOOST_AUTO_TEST_CASE(the_last_who_gives_up_gives_up_the_want) {
  parking p;
  const want_id a = want_of(p, 'a');
  p.park("first", 1, a);
  p.park("second", 2, a);
  auto one = p.give_up(1);
  BOOST_REQUIRE(one);
  BOOST_TEST(one->request == "first");
  BOOST_TEST(!one->alone);
  BOOST_TEST(!p.give_up(1));
  auto two = p.give_up(2);
  BOOST_REQUIRE(two && two->alone);
  BOOST_TEST(two->alone->id == a);
  BOOST_TEST(p.on_their_way().empty());
}

BOOST_AUTO_TEST_CASE(what_is_wanted_ahead_outlives_who_waits) {
  parking p;
  const want_id a = want_of(p, 'a', true);
  p.park("first", 1, a);
  const auto one = p.give_up(1);
  BOOST_REQUIRE(one);
  BOOST_TEST(!one->alone);
  BOOST_TEST(p.is_wanted('a'));
}

BOOST_AUTO_TEST_CASE(what_is_not_wanted_ahead_any_more_stays_for_who_waits) {
  parking p;
  const want_id a = want_of(p, 'a', true);
  want_of(p, 'b', true);
  want_of(p, 'c', true);
  p.park("first", 1, a);
  BOOST_TEST(kinds(p.not_ahead([](const auto& w) { return w.what != 'c'; })) == "b");
  BOOST_TEST(kinds(p.on_their_way()) == "ac");
  const auto one = p.give_up(1);
  BOOST_REQUIRE(one && one->alone);
  BOOST_TEST(kinds(p.on_their_way()) == "c");
}

BOOST_AUTO_TEST_CASE(who_waits_for_nothing_is_dropped) {
  parking p;
  const want_id a = want_of(p, 'a'), b = want_of(p, 'b');
  p.park("first", 1, a);
  p.park("second", 2, b);
  BOOST_TEST(kinds(p.end_if([](const auto& w) { return w.what == 'a'; })) == "a");
  p.drop_lost();
  BOOST_REQUIRE_EQUAL(p.waiting().size(), 1U);
  BOOST_TEST(p.waiting().front().request == "second");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
