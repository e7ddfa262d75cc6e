#include "actors/inode/child_releases.hpp"

#include <boost/test/unit_test.hpp>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(child_releases)

BOOST_AUTO_TEST_CASE(only_an_answer_to_the_latest_release_counts) {
  gitfs::child_releases releases;
  const release_number first = releases.next(7), other = releases.next(8), second = releases.next(7);
  BOOST_TEST(first != second);
  BOOST_TEST(!releases.is_latest(7, first));
  BOOST_TEST(!releases.is_latest(7, other));
  BOOST_TEST(releases.is_latest(7, second));
  BOOST_TEST(releases.is_latest(8, other));
  BOOST_TEST(!releases.is_latest(9, first));
}

BOOST_AUTO_TEST_CASE(a_slot_that_was_reaped_and_is_used_again_gets_other_numbers) {
  gitfs::child_releases releases;
  const release_number before = releases.next(7);
  releases.reaped(7);
  BOOST_TEST(!releases.is_latest(7, before));
  const release_number after = releases.next(7);
  BOOST_TEST(!releases.is_latest(7, before));
  BOOST_TEST(releases.is_latest(7, after));
}

BOOST_AUTO_TEST_CASE(the_release_of_the_directory_itself_is_answered_once) {
  gitfs::child_releases releases;
  BOOST_TEST(releases.self() == 0U);
  releases.release_self(3);
  releases.release_self(4);
  BOOST_TEST(releases.self() == 4U);
  releases.answered();
  BOOST_TEST(releases.self() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
