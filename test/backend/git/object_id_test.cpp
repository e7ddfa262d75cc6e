#include "backend/git/oid.hpp"

#include <boost/test/unit_test.hpp>

#include <unordered_set>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(object_id)

namespace {
using id_type = gitfs::oid;
}

BOOST_AUTO_TEST_CASE(hex_goes_both_ways) {
  const std::string text = "00ff1e2d3c4b5a69788796a5b4c3d2e1f0123456";
  const auto id = id_type::from_hex(text);
  BOOST_REQUIRE(id);
  BOOST_TEST(id->bytes[0] == 0x00);
  BOOST_TEST(id->bytes[1] == 0xff);
  BOOST_TEST(id->bytes[19] == 0x56);
  BOOST_TEST(id->hex() == text);
  BOOST_TEST((id_type::from_raw(id->bytes.data()) == *id));
}

BOOST_AUTO_TEST_CASE(either_case_is_taken) {
  BOOST_TEST((id_type::from_hex("ABCDEFabcdef0123456789ABCDEFabcdef012345")
              == id_type::from_hex("abcdefabcdef0123456789abcdefabcdef012345")));
}

BOOST_AUTO_TEST_CASE(what_is_not_40_digits_is_none) {
  const std::string good(40, 'a');
  BOOST_REQUIRE(id_type::from_hex(good));
  for (const char bad : {'g', 'G', '`', '@', '/', ':', ' ', '\0', '\xff'})
    for (const std::size_t at : {std::size_t{0}, std::size_t{1}, std::size_t{39}}) {
      std::string text = good;
      text[at] = bad;
      BOOST_TEST(!id_type::from_hex(text), "taken with " << static_cast<int>(bad) << " at " << at);
    }
  for (const std::size_t length : {0, 1, 39, 41, 64})
    BOOST_TEST(!id_type::from_hex(std::string(length, 'a')));
}

BOOST_AUTO_TEST_CASE(order_and_hash) {
  const id_type low = *id_type::from_hex(std::string(39, '0') + "1"),
                high = *id_type::from_hex("1" + std::string(39, '0'));
  BOOST_TEST((low < high));
  BOOST_TEST(id_type{}.is_zero());
  BOOST_TEST(!low.is_zero());
  BOOST_TEST(std::unordered_set<id_type>({low, high, low}).size() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
