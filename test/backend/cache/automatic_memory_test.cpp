#include "backend/cache/memory_budget.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <limits>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(automatic_memory)

BOOST_AUTO_TEST_CASE(a_machine_or_container_that_has_little_is_left_the_most_of_it) {
  constexpr std::uint64_t mib = 1U << 20;
  const auto budget = [](std::uint64_t limit) { return memory_budget::automatic(limit) / mib; };
  BOOST_TEST(budget(std::numeric_limits<std::uint64_t>::max()) == 48U);
  BOOST_TEST(budget(384 * mib) == 48U);
  BOOST_TEST(budget(128 * mib) == 16U);
  BOOST_TEST(budget(32 * mib) == 8U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
