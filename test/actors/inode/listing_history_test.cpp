#include "actors/inode/listing_history.hpp"

#include <boost/test/unit_test.hpp>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(listing_history)

namespace {

oid tree(std::uint32_t number) {
  oid out;
  out.bytes[0] = static_cast<std::uint8_t>(number);
  out.bytes[1] = static_cast<std::uint8_t>(number >> 8);
  out.bytes[19] = 1;
  return out;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_cookie_of_the_first_listing_is_the_position) {
  BOOST_TEST((reader_cookie{0, 17}.number()) == 17U);
  const reader_cookie back = reader_cookie::of(reader_cookie{3, 0xffffffff}.number());
  BOOST_TEST(back.listing == 3U);
  BOOST_TEST(back.position == 0xffffffffU);
}

BOOST_AUTO_TEST_CASE(the_present_listing_and_later_ones_are_no_earlier_ones) {
  gitfs::listing_history history;
  BOOST_TEST(history.number() == 0U);
  BOOST_TEST(!history.tree_of(0));
  history.replace(tree(0));
  BOOST_TEST(history.number() == 1U);
  BOOST_TEST(!history.tree_of(1));
  BOOST_TEST(!history.tree_of(2));
  BOOST_TEST((history.tree_of(0) == tree(0)));
}

BOOST_AUTO_TEST_CASE(the_latest_ones_are_remembered) {
  gitfs::listing_history history;
  const auto most = static_cast<std::uint32_t>(gitfs::listing_history::most_remembered);
  for (std::uint32_t i = 0; i < most + 2; ++i)
    history.replace(tree(i));
  BOOST_TEST(history.number() == most + 2);
  BOOST_TEST(!history.tree_of(0));
  BOOST_TEST(!history.tree_of(1));
  for (std::uint32_t i = 2; i < most + 2; ++i)
    BOOST_TEST((history.tree_of(i) == tree(i)));
  BOOST_TEST(history.bytes() >= most * sizeof(oid));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
