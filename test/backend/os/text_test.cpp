// Text that a terminal, a log or a parser of lines must not obey.
#include "backend/os/text.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace gitfs::test {

using gitfs::escaped;
using gitfs::printable;
using gitfs::unescaped;

BOOST_AUTO_TEST_SUITE(text)

BOOST_AUTO_TEST_CASE(what_a_server_says_becomes_one_line_without_control_characters) {
  BOOST_TEST(printable("a\x1b[2J\r\nb\x7f \n") == "a [2J  b");
  BOOST_TEST(printable("für") == "für");
  BOOST_TEST(printable(std::string(1000, 'x')).size() == 300u);
}

BOOST_AUTO_TEST_CASE(a_name_of_any_bytes_is_had_again_from_what_is_shown_of_it) {
  std::string all;
  for (int byte = 1; byte < 256; ++byte)
    all += static_cast<char>(byte);
  const std::string shown = escaped(all);
  BOOST_TEST(shown.find_first_of("\t\n\r\x1b\x7f") == std::string::npos);
  BOOST_TEST(unescaped(shown) == all);
  BOOST_TEST(escaped("a\\b\n") == "a\\x5cb\\x0a");
}

BOOST_AUTO_TEST_CASE(what_is_no_escape_stays) {
  for (const char* const text : {"", "\\", "\\x", "\\x1", "\\xzz", "a\\"})
    BOOST_TEST(unescaped(text) == text);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
