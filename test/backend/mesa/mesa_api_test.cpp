#include "backend/mesa/mesa_api.hpp"

#include <boost/test/unit_test.hpp>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(mesa_api)

namespace {

std::int64_t time_in(const std::string& json) {
  rapidjson::Document parsed;
  parsed.Parse(json.c_str());
  return parse_mesa_time(parsed);
}

} // namespace

BOOST_AUTO_TEST_CASE(base64_is_decoded_strictly) {
  const std::pair<const char*, const char*> good[] = {
      {"", ""}, {"Zg==", "f"}, {"Zm8=", "fo"}, {"Zm9v", "foo"}, {"Zm9v\nYmFy\r\n", "foobar"}};
  for (const auto& [text, bytes] : good)
    BOOST_TEST(base64_decode(text).value() == bytes, text);
  BOOST_TEST((base64_decode("////").value() == "\xff\xff\xff"));
  for (const char* text : {"Z", "Zg", "Zg=", "=Zg=", "Zg==Zg==", "Zg=g", "Z===", "Zm9v-", "Zm 9v"})
    BOOST_TEST(!base64_decode(text), text);
}

BOOST_AUTO_TEST_CASE(times) {
  BOOST_TEST(time_in("1600000000") == 1600000000);
  BOOST_TEST(time_in("\"2020-09-13T12:26:40Z\"") == 1600000000);
  BOOST_TEST(time_in("\"2020-09-13T12:26:40.999Z\"") == 1600000000);
  BOOST_TEST(time_in("\"2020-09-13T14:26:40+02:00\"") == 1600000000);
  BOOST_TEST(time_in("\"2020-09-13T06:56:40-05:30\"") == 1600000000);
  for (const char* wrong :
       {"\"\"", "\"yesterday\"", "\"2020-13-13T12:26:40Z\"", "null", "-5", "\"2020-09-13T12:26:40?\""})
    BOOST_TEST(time_in(wrong) == 0, wrong);
}

BOOST_AUTO_TEST_CASE(paths_are_encoded) {
  BOOST_TEST(mesa_content_path("o", "r", "main", "a b?#%.txt", 2, "x y")
             == "/o/r/content?ref=main&path=a%20b%3F%23%25.txt&depth=2&cursor=x%20y");
  BOOST_TEST(mesa_repositories_path("o", "") == "/o/repos?limit=100");
}

BOOST_AUTO_TEST_CASE(impossible_names) {
  for (const char* name : {"a", "a.b-c_D9", "linux"})
    BOOST_TEST(mesa_name_possible(name), name);
  for (const char* name : {"", ".git", "..", "a/b", "a b", "-x", "\xc3\xa9"})
    BOOST_TEST(!mesa_name_possible(name), name);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
