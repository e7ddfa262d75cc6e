#include "actors/listing_sweep.hpp"

#include <boost/test/unit_test.hpp>

#include <vector>

using namespace gitfs;

namespace {

std::vector<dir_slot> all_next(gitfs::listing_sweep& sweep, std::uint64_t slots) {
  std::vector<dir_slot> out;
  for (dir_slot s = sweep.next(slots); s != no_slot; s = sweep.next(slots))
    out.push_back(s);
  return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(listing_sweep)

BOOST_AUTO_TEST_CASE(nobody_is_asked_within_the_limit) {
  gitfs::listing_sweep sweep;
  sweep.over(100, 100, 5);
  BOOST_TEST(all_next(sweep, 5).empty());
}

BOOST_AUTO_TEST_CASE(each_is_asked_twice_at_most_and_the_hand_goes_on_from_where_it_was) {
  gitfs::listing_sweep sweep;
  sweep.over(101, 100, 3);
  const std::vector<dir_slot> twice{1, 2, 0, 1, 2, 0};
  BOOST_TEST(all_next(sweep, 3) == twice, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(it_ends_when_enough_was_freed) {
  gitfs::listing_sweep sweep;
  sweep.over(101, 100, 10);
  BOOST_TEST(sweep.next(10) == 1U);
  sweep.asked();
  sweep.answered(80); // less than the limit, but so little that the next directory would start it again
  BOOST_TEST(sweep.next(10) == 2U);
  sweep.asked();
  sweep.answered(75);
  BOOST_TEST(all_next(sweep, 10).empty());
  sweep.over(101, 100, 10);
  BOOST_TEST(sweep.next(10) == 3U);
}

BOOST_AUTO_TEST_CASE(only_so_many_are_asked_at_once) {
  gitfs::listing_sweep sweep;
  sweep.over(101, 100, 1000);
  std::size_t asked = 0;
  for (; sweep.next(1000) != no_slot; ++asked)
    sweep.asked();
  BOOST_TEST(asked == gitfs::listing_sweep::most_asked);
  sweep.answered(101);
  BOOST_TEST(sweep.next(1000) != no_slot);
}

BOOST_AUTO_TEST_CASE(a_sweep_in_vain_is_not_repeated_for_every_directory) {
  gitfs::listing_sweep sweep;
  const auto round = [&](std::uint64_t used) {
    sweep.over(used, 100, 2);
    std::size_t asked = 0;
    for (; sweep.next(2) != no_slot; ++asked) {
      sweep.asked();
      if (asked == 3) // the last of two rounds
        for (int i = 0; i < 4; ++i)
          sweep.answered(used);
    }
    return asked;
  };
  BOOST_TEST(round(200) == 4U);
  BOOST_TEST(round(210) == 0U); // everything is in use
  BOOST_TEST(round(251) == 4U); // a quarter more: again
  BOOST_TEST(round(120) == 4U); // much was freed meanwhile by others
}

BOOST_AUTO_TEST_SUITE_END()
