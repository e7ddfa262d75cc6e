#include "config/size.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <string>

using namespace gitfs;

BOOST_AUTO_TEST_SUITE(size)

BOOST_AUTO_TEST_CASE(sizes_as_people_write_them) {
  BOOST_TEST(parse_size("0").value() == 0U);
  BOOST_TEST(parse_size("4096").value() == 4096U);
  BOOST_TEST(parse_size("64M").value() == 64U << 20);
  BOOST_TEST(parse_size("64m").value() == 64U << 20);
  BOOST_TEST(parse_size("3GiB").value() == 3ULL << 30);
  BOOST_TEST(parse_size("1KB").value() == 1024U);
  BOOST_TEST(parse_size("16777215T").value() == 16777215ULL << 40);
}

BOOST_DATA_TEST_CASE(what_is_no_size_is_refused,
                     boost::unit_test::data::make({"", "M", "-1", "+1", "1.5G", "64 M", "64MM", "64Mi", "1X",
                                                   "18446744073709551616", "16777216T", " 1"}),
                     text) {
  const auto out = parse_size(text);
  BOOST_REQUIRE(!out);
  BOOST_TEST(out.error().message.find("'" + std::string{text} + "'") != std::string::npos, out.error().message);
}

BOOST_AUTO_TEST_CASE(the_text_of_a_size_is_read_as_the_same_size) {
  BOOST_TEST(size_text(64U << 20) == "64M");
  for (const std::uint64_t n : {0ULL, 1ULL, 1023ULL, 1024ULL, 1536ULL, 1ULL << 30, 5ULL << 40, 1ULL << 50})
    BOOST_TEST(parse_size(size_text(n)).value() == n);
}

BOOST_AUTO_TEST_SUITE_END()
