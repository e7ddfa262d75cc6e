#include "cli/screens/counter_text.hpp"

#include <boost/test/unit_test.hpp>
#include <rapidjson/document.h>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(counter_text)

BOOST_AUTO_TEST_CASE(lines) {
  BOOST_TEST(counter_lines({{"b", 2}, {"a.long", 18446744073709551615U}})
             == "a.long                       18446744073709551615\nb                            2\n");
  BOOST_TEST(counter_lines({}) == "");
}

BOOST_AUTO_TEST_CASE(bytes_and_durations_have_units_for_people) {
  BOOST_TEST(counter_lines({{"disk.blob_files", 317},
                            {"kernel.lookup", 3000},
                            {"kernel.lookup.p99_ns", 1'500'000},
                            {"memory.budget", 48 << 20},
                            {"store.read_from_memory_bytes", 1'572'864},
                            {"upstream.bytes", 0}})
             == "disk.blob_files              317B\n"
                "kernel.lookup                3000\n"
                "kernel.lookup.p99            1.5ms\n"
                "memory.budget                48M\n"
                "store.read_from_memory_bytes 1.5M\n"
                "upstream.bytes               0B\n");
}

BOOST_AUTO_TEST_CASE(programs_get_whole_numbers) {
  BOOST_TEST(counter_json({{"kernel.lookup.p99_ns", 1'500'000}, {"upstream.bytes", 1536}})
             == "{\n    \"kernel.lookup.p99_ns\": 1500000,\n    \"upstream.bytes\": 1536\n}\n");
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
