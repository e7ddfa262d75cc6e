#include "actors/model/node_id.hpp"

#include <boost/test/unit_test.hpp>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(node_id)

BOOST_AUTO_TEST_CASE(the_root_is_fuse_root_id) {
  BOOST_TEST(nodeid_of(root_slot) == 1U);
}

BOOST_AUTO_TEST_CASE(a_node_id_names_a_slot_and_back) {
  for (const node_slot slot : {root_slot, 1U, first_leaf - 1, first_leaf, no_slot - 1}) {
    BOOST_TEST(nodeid_of(slot) != 0U);
    BOOST_TEST(slot_of(nodeid_of(slot)) == slot);
  }
  for (const std::uint64_t none : {std::uint64_t{0}, std::uint64_t{1} << 32, ~std::uint64_t{0}})
    BOOST_TEST(slot_of(none) == no_slot);
}

// What stands in the traces of every version.
BOOST_AUTO_TEST_CASE(numbers_of_traces) {
  BOOST_TEST((node_address{root_slot, self_child}.number()) == 1U);
  BOOST_TEST((node_address{2, self_child}.number()) == 8589934593U);
  BOOST_TEST((node_address{0, 1}.number()) == 2U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
