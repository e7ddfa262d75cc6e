#include "actors/inode/listing_sweep.hpp"

#include <boost/test/unit_test.hpp>

#include <vector>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(listing_sweep)

namespace {

std::vector<dir_slot> all_next(gitfs::listing_sweep& sweep, std::uint64_t slots) {
  std::vector<dir_slot> out;
  for (dir_slot s = sweep.next(slots); s != no_slot; s = sweep.next(slots))
    out.push_back(s);
  return out;
}

} // namespace

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
  sweep.requested();
  sweep.answered(80); // less than the limit, but so little that the next directory would start it again
  BOOST_TEST(sweep.next(10) == 2U);
  sweep.requested();
  sweep.answered(75);
  BOOST_TEST(all_next(sweep, 10).empty());
  sweep.over(101, 100, 10);
  BOOST_TEST(sweep.next(10) == 3U);
}

BOOST_AUTO_TEST_CASE(only_so_many_are_asked_at_once) {
  gitfs::listing_sweep sweep;
  sweep.over(101, 100, 1000);
  std::size_t requested = 0;
  for (; sweep.next(1000) != no_slot; ++requested)
    sweep.requested();
  BOOST_TEST(requested == gitfs::listing_sweep::most_requested);
  sweep.answered(101);
  BOOST_TEST(sweep.next(1000) != no_slot);
}

namespace {

/// Has all who are asked answer that so much is used, until the sweep ends; gives how many were asked.
std::size_t answered_in_vain(gitfs::listing_sweep& sweep, std::uint64_t slots, std::uint64_t used) {
  std::size_t requested = 0;
  for (std::size_t now = all_next(sweep, slots).size(); now != 0; now = all_next(sweep, slots).size()) {
    for (std::size_t i = 0; i < now; ++i)
      sweep.requested();
    for (std::size_t i = 0; i < now; ++i)
      sweep.answered(used);
    requested += now;
  }
  return requested;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_sweep_in_vain_is_not_repeated_for_every_directory) {
  gitfs::listing_sweep sweep;
  const auto round = [&](std::uint64_t used) {
    sweep.over(used, 100, 8);
    return answered_in_vain(sweep, 8, used);
  };
  BOOST_TEST(round(200) == 16U);
  BOOST_TEST(round(210) == 0U);  // everything is in use
  BOOST_TEST(round(251) == 16U); // a quarter more: again
  BOOST_TEST(round(252) == 0U);
  BOOST_TEST(round(253) == 0U);
  BOOST_TEST(round(254) == 16U); // a quarter as many listings have come as there are directories
}

// As when a walker is faster than the kernel's FORGETs: they bring it down after the sweep has ended, where nobody
// tells the sweep, and what the walker lists then stays below the level of before.
BOOST_AUTO_TEST_CASE(what_was_freed_after_a_sweep_may_not_fill_up_again_unnoticed) {
  gitfs::listing_sweep sweep;
  sweep.over(180, 100, 40);
  BOOST_TEST(answered_in_vain(sweep, 40, 180) == 80U);
  std::size_t requested = 0;
  for (std::uint64_t used = 115; used < 180; ++used) {
    sweep.over(used, 100, 40);
    requested += answered_in_vain(sweep, 40, used);
  }
  BOOST_TEST(requested >= 80U);
}

BOOST_AUTO_TEST_CASE(after_a_sweep_in_vain_the_next_comes_by_itself) {
  gitfs::listing_sweep sweep;
  BOOST_TEST(!sweep.wanting());
  sweep.over(180, 100, 2);
  BOOST_TEST(!sweep.wanting()); // it runs
  BOOST_TEST(answered_in_vain(sweep, 2, 180) == 4U);
  BOOST_TEST(sweep.wanting());
  sweep.again(170, 100, 2);
  BOOST_TEST(answered_in_vain(sweep, 2, 170) == 4U);
  std::size_t sweeps = 0;
  for (int i = 0; i < 1000; ++i) {
    sweep.again(170, 100, 2);
    sweeps += answered_in_vain(sweep, 2, 170) != 0 ? 1 : 0;
  }
  BOOST_TEST(sweeps > 10U);
  BOOST_TEST(sweeps < 30U); // everything is in use
  sweep.again(90, 100, 2);
  BOOST_TEST(!sweep.wanting());
  BOOST_TEST(answered_in_vain(sweep, 2, 90) == 0U);
}

BOOST_AUTO_TEST_CASE(a_sweep_that_meets_nobody_at_its_end_has_ended_too) {
  gitfs::listing_sweep sweep;
  sweep.over(180, 100, 30);
  BOOST_TEST(sweep.next(30) == 1U);
  sweep.requested();
  sweep.answered(180);
  (void)all_next(sweep, 30); // slots without an actor
  BOOST_TEST(sweep.wanting());
  sweep.over(181, 100, 30);
  BOOST_TEST(all_next(sweep, 30).empty());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
