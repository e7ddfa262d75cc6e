#include "actors/model/path_key.hpp"

#include <boost/test/unit_test.hpp>

#include <set>
#include <string>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(path_key)

BOOST_AUTO_TEST_CASE(depends_on_the_path_only) {
  const auto dir = child_key(root_key, "a");
  BOOST_TEST(child_key(dir, "b") == child_key(child_key(root_key, "a"), "b"));
  BOOST_TEST(child_key(dir, "b") != child_key(root_key, "b"));
  BOOST_TEST(child_key(root_key, "ab") != child_key(dir, "b"));
}

BOOST_AUTO_TEST_CASE(keys_of_many_paths_differ) {
  std::set<gitfs::path_key> seen{root_key, 0};
  for (int d = 0; d < 300; ++d) {
    const auto dir = child_key(root_key, std::to_string(d));
    BOOST_REQUIRE(seen.insert(dir).second);
    for (int f = 0; f < 300; ++f)
      BOOST_REQUIRE(seen.insert(child_key(dir, std::to_string(f))).second);
  }
}

// Traces that people have kept tell directories by these.
BOOST_AUTO_TEST_CASE(are_the_same_in_every_version) {
  BOOST_TEST(child_key(root_key, "d0") == 11859886281982443139U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
