#include "actors/model/node_id.hpp"

#include <boost/test/unit_test.hpp>

#include <set>
#include <string>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(node_id)

BOOST_AUTO_TEST_CASE(the_root_is_fuse_root_id) {
  BOOST_TEST((gitfs::node_id{root_slot, self_child}.encoded()) == 1U);
}

BOOST_AUTO_TEST_CASE(encodes_and_decodes_extremes) {
  for (gitfs::node_id id : {gitfs::node_id{0, 0}, gitfs::node_id{0, 1}, gitfs::node_id{1, 0},
                            gitfs::node_id{no_slot - 1, ~child_index{0}}, gitfs::node_id{7, ~child_index{0}}}) {
    const auto back = gitfs::node_id::decode(id.encoded());
    BOOST_TEST(id.encoded() != 0U);
    BOOST_TEST(back.dir == id.dir);
    BOOST_TEST(back.child == id.child);
  }
}

BOOST_AUTO_TEST_CASE(ino_depends_on_the_path_only) {
  const auto dir = child_ino(root_ino, "a");
  BOOST_TEST(child_ino(dir, "b") == child_ino(child_ino(root_ino, "a"), "b"));
  BOOST_TEST(child_ino(dir, "b") != child_ino(root_ino, "b"));
  BOOST_TEST(child_ino(root_ino, "ab") != child_ino(dir, "b"));
}

BOOST_AUTO_TEST_CASE(inos_of_many_paths_differ) {
  std::set<std::uint64_t> seen{root_ino, 0};
  for (int d = 0; d < 300; ++d) {
    const auto dir = child_ino(root_ino, std::to_string(d));
    BOOST_REQUIRE(seen.insert(dir).second);
    for (int f = 0; f < 300; ++f)
      BOOST_REQUIRE(seen.insert(child_ino(dir, std::to_string(f))).second);
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
