#include "actors/inode/snapshot_move.hpp"

#include <boost/test/unit_test.hpp>

#include <memory>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(snapshot_move)

namespace {

directory_location_ptr somewhere() {
  return std::make_shared<const directory_location>();
}

constexpr file_time second = 1'000'000'000;

} // namespace

BOOST_AUTO_TEST_CASE(it_holds_its_token_until_everybody_was_told) {
  gitfs::snapshot_move move;
  BOOST_TEST(!move.upcoming());
  const auto to = somewhere();
  std::weak_ptr<void> ended;
  {
    move_token token = std::make_shared<int>();
    ended = token;
    move.begin(to, std::move(token));
  }
  BOOST_TEST((move.upcoming() == to));
  move.announced(); // of something else: its tree is not here yet
  BOOST_TEST(!ended.expired());
  BOOST_TEST((move.arrive() == to));
  BOOST_TEST(!move.upcoming());
  BOOST_TEST(!ended.expired());
  move.announced();
  BOOST_TEST(ended.expired());
}

BOOST_AUTO_TEST_CASE(a_move_that_is_overtaken_ends_and_the_next_one_goes_on) {
  gitfs::snapshot_move move;
  move_token first = std::make_shared<int>(), second_token = std::make_shared<int>();
  std::weak_ptr<void> first_ended = first, second_ended = second_token;
  const auto to = somewhere();
  move.begin(somewhere(), std::move(first));
  move.begin(to, std::move(second_token));
  BOOST_TEST(first_ended.expired());
  BOOST_TEST(!second_ended.expired());
  BOOST_TEST((move.upcoming() == to));
}

BOOST_AUTO_TEST_CASE(who_waits_can_be_let_go_before_the_directory_has_moved) {
  gitfs::snapshot_move move;
  move_token token = std::make_shared<int>();
  std::weak_ptr<void> ended = token;
  move.begin(somewhere(), std::move(token));
  move.let_waiters_go();
  BOOST_TEST(ended.expired());
  BOOST_TEST(move.upcoming()); // it moves when its tree can be had
}

BOOST_AUTO_TEST_CASE(a_tree_that_came_late_has_the_time_at_which_it_came) {
  gitfs::snapshot_move move;
  move.begin(somewhere(), {});
  move.is_late();
  (void)move.arrive();
  move.replaced_tree(10 * second, 13 * second);
  BOOST_TEST((move.changed_at() == 13 * second));
  // The next one does not.
  move.begin(somewhere(), {});
  (void)move.arrive();
  move.replaced_tree(20 * second, 30 * second);
  BOOST_TEST(!move.changed_at());
}

BOOST_AUTO_TEST_CASE(a_tree_that_came_soon_has_the_time_of_its_snapshot) {
  gitfs::snapshot_move move;
  move.begin(somewhere(), {});
  move.is_late();
  (void)move.arrive();
  move.replaced_tree(10 * second, 12 * second);
  BOOST_TEST(!move.changed_at());
  // And that it was late is not remembered for the next one.
  move.begin(somewhere(), {});
  (void)move.arrive();
  move.replaced_tree(10 * second, 30 * second);
  BOOST_TEST(!move.changed_at());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
