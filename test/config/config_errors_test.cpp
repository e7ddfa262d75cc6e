// What is said of a config file that is wrong: every mistake, where it is, and what would be right.
#include "config/config_file.hpp"
#include "config/schema.hpp"
#include "test/config/wrong_config_files.hpp"
#include "test/support/environment.hpp"
#include "test/support/rounds.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <sstream>

namespace gitfs::test {

namespace config_errors {

namespace {

struct known_variables {
  scoped_env home{"HOME", "/home/u"};
  scoped_env not_set{"NOT_SET", nullptr};
};

result<config_file> parse(const std::string& text) {
  return parse_config_file(text, "/etc/g/c.json", "c.json");
}

std::string message(const std::string& text) {
  const auto done = parse(text);
  return done ? "" : done.error().message;
}

std::string with_file_name(const std::string& lines) {
  std::string out = "c.json:";
  for (const char c : lines)
    out += c == '\n' ? "\nc.json:" : std::string(1, c);
  return out;
}

std::vector<std::string> examples() {
  std::vector<std::string> out;
  const char* const root = std::getenv("GITFS_SOURCE_DIR");
  BOOST_REQUIRE(root != nullptr);
  for (const auto& each : std::filesystem::directory_iterator{std::filesystem::path{root} / "docs/examples"}) {
    std::ifstream file{each.path()};
    out.emplace_back(std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{});
  }
  BOOST_REQUIRE(out.size() >= 6U);
  return out;
}

// What the explainer and RapidJSON's validator say has to be the same.
void check_agreement(const std::string& text) {
  const json_text read{text};
  gitfs::config_errors errors{"c.json", read};
  if (!errors.empty() && !read.document().IsObject())
    return;
  const bool had = !errors.empty(); // a key that is there twice is no matter of the schema
  explain_config_schema(read, errors);
  if (!had)
    BOOST_TEST(errors.empty() == fits_config_schema(read.document()), text);
}

} // namespace

} // namespace config_errors

BOOST_FIXTURE_TEST_SUITE(config_errors, config_errors::known_variables)

BOOST_DATA_TEST_CASE(wrong, boost::unit_test::data::make(wrong_files), file) {
  const auto done = parse(file.text);
  BOOST_REQUIRE(!done);
  BOOST_TEST(done.error().code == EINVAL);
  BOOST_TEST(done.error().message == with_file_name(file.message));
  BOOST_TEST(done.error().message.find("s3cret") == std::string::npos);
  BOOST_TEST(done.error().message.find("ghp_") == std::string::npos);
  check_agreement(file.text);
}

BOOST_AUTO_TEST_CASE(no_more_than_twenty_are_told) {
  std::string text = "{";
  for (int i = 0; i < 25; ++i)
    text += "\"key" + std::to_string(i) + "\": 1,\n";
  const std::string told = message(text + R"("tree": {"a": {"source": "/r"}}})");
  BOOST_TEST(std::ranges::count(told, '\n') == 20);
  BOOST_TEST(told.find("c.json:20:1: /key19: unknown key") != std::string::npos);
  BOOST_TEST(told.ends_with("\nc.json: and 5 more"));
}

BOOST_AUTO_TEST_CASE(names_have_the_length_of_a_file_name) {
  const auto of = [](std::size_t size) {
    return message(R"({"tree": {"a/)" + std::string(size, 'n') + R"(": {"source": "/r"}}})");
  };
  BOOST_TEST(of(255) == "");
  BOOST_TEST(of(256).ends_with(": a name of 256 bytes; the longest is 255"));
}

BOOST_AUTO_TEST_CASE(every_beginning_of_a_file_is_wrong_and_harmless) {
  for (const std::string& text : examples()) {
    const std::size_t end = text.find_last_of('}');
    for (std::size_t size = 0; size <= end; ++size) {
      const auto done = parse(text.substr(0, size));
      BOOST_REQUIRE(!done);
      BOOST_REQUIRE(done.error().message.starts_with("c.json:"));
    }
    BOOST_TEST(message(text) == "");
  }
}

BOOST_AUTO_TEST_CASE(any_bytes_are_harmless) {
  std::mt19937 random{7};
  for (const std::string& text : examples())
    for (unsigned round = 0; round < rounds(1500); ++round) {
      std::string changed = text;
      for (unsigned i = 0; i < 1 + random() % 4; ++i) {
        const std::size_t at = random() % changed.size();
        constexpr std::string_view marks = "{}[]\",:0/*$~\\\n";
        switch (random() % 4) {
        case 0:
          changed[at] = static_cast<char>(random());
          break;
        case 1:
          changed[at] = marks[random() % marks.size()];
          break;
        case 2:
          changed.erase(at, 1 + random() % 8);
          break;
        default:
          changed.insert(at, changed.substr(random() % changed.size(), random() % 20));
        }
        if (changed.empty())
          changed = "x";
      }
      const std::string told = message(changed);
      BOOST_REQUIRE((told.empty() || told.starts_with("c.json:")));
      check_agreement(changed);
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
