#include "cli/screens/counter_text.hpp"

#include <boost/test/unit_test.hpp>
#include <rapidjson/document.h>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(counter_text)

BOOST_AUTO_TEST_CASE(lines) {
  BOOST_TEST(counter_lines({{"b", 2}, {"a.long", 18446744073709551615U}})
             == "a.long                   18446744073709551615\nb                        2\n");
  BOOST_TEST(counter_lines({}) == "");
}

BOOST_AUTO_TEST_CASE(json_is_json) {
  rapidjson::Document parsed;
  parsed.Parse(counter_json({{"kernel.read", 7}, {"with \"quotes\"", 18446744073709551615U}}).c_str());
  BOOST_REQUIRE(parsed.IsObject());
  BOOST_TEST(parsed["kernel.read"].GetUint64() == 7U);
  BOOST_TEST(parsed["with \"quotes\""].GetUint64() == 18446744073709551615U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
