#include "backend/pack/id_filter.hpp"

#include "backend/git/sha1.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>

namespace gitfs::test {

namespace id_filter {

namespace {

oid numbered(std::size_t number) {
  return name_of(object_type::blob, std::to_string(number));
}

} // namespace

} // namespace id_filter

BOOST_AUTO_TEST_SUITE(id_filter)

BOOST_AUTO_TEST_CASE(what_was_added_is_never_denied_and_most_else_is) {
  using namespace id_filter;
  constexpr std::size_t others = 20'000;
  for (const std::size_t count : {0, 1, 3, 4, 5, 100, 4096, 5000}) {
    gitfs::id_filter filter{count};
    for (std::size_t i = 0; i < count; ++i)
      filter.add(numbered(i));
    std::size_t denied = 0, passed = 0;
    for (std::size_t i = 0; i < count; ++i)
      denied += filter.may_have(numbered(i)) ? 0 : 1;
    for (std::size_t i = 0; i < others; ++i)
      passed += filter.may_have(numbered(1'000'000 + i)) ? 1 : 0;
    BOOST_TEST(denied == 0U);
    // Each id is counted as passed or not by its bits alone, so this is the same at each run.
    BOOST_TEST(passed < others / 50, count << " were added, and " << passed << " of " << others << " others pass");
    BOOST_TEST(gitfs::id_filter::bytes_for(count) <= std::max<std::size_t>(4 * count, 8));
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
