#include "config/byte_size.hpp"

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <string>
#include <utility>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(byte_size)

BOOST_AUTO_TEST_CASE(what_people_write) {
  const std::pair<const char*, std::uint64_t> rows[]{
      {"0", 0},
      {"4096", 4096},
      {"1k", 1024},
      {"500M", 500ULL << 20},
      {"20G", 20ULL << 30},
      {"20GB", 20ULL << 30},
      {"20GiB", 20ULL << 30},
      {"1.5t", 3ULL << 39},
      {"7b", 7},
  };
  for (const auto& [text, bytes] : rows)
    BOOST_TEST(gitfs::parse_byte_size(text, 0).value() == bytes, text);
}

BOOST_AUTO_TEST_CASE(what_is_none) {
  for (const char* text :
       {"", "x", "-1", "G", "1X", "1 G", "1GG", "nan", "inf", "1e3", "99999999999T", "0x10", "1G "}) {
    const auto out = gitfs::parse_byte_size(text, 0);
    BOOST_REQUIRE_MESSAGE(!out, "taken: " << text);
    BOOST_TEST(out.error().code == EINVAL);
    BOOST_TEST(out.error().message.find("500M") != std::string::npos);
  }
  BOOST_TEST(gitfs::parse_byte_size("1000b", 1024).error().message == "'1000b' is too small; the least is 1K");
  for (const std::uint64_t least : {0U, 1U << 20U})
    BOOST_TEST(gitfs::parse_byte_size("32", least).error().message
               == "'32' is a number of bytes, and too small: give a unit, as in 32M");
  BOOST_TEST(gitfs::parse_byte_size("0", 1024).error().message == "'0' is too small; the least is 1K");
}

BOOST_AUTO_TEST_CASE(what_is_shown) {
  const std::pair<std::uint64_t, const char*> rows[]{
      {0, "0B"},          {317, "317B"}, {1024, "1K"}, {1536, "1.5K"}, {20ULL << 30, "20G"}, {500ULL << 20, "500M"},
      {5ULL << 40, "5T"},
  };
  for (const auto& [bytes, text] : rows)
    BOOST_TEST(gitfs::show_byte_size(bytes) == text);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
