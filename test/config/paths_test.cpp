#include "config/paths.hpp"
#include "test/support/environment.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <ostream>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(paths)

namespace fs = std::filesystem;

namespace {

struct path_case {
  std::string text;
  std::string expected;
};

std::ostream& operator<<(std::ostream& out, const path_case& c) {
  return out << '"' << c.text << '"';
}

const std::vector<path_case> path_cases{
    {"/a/b", "/a/b"},
    {"/a/b/", "/a/b"},
    {"/a//b/./c/../d", "/a/b/d"},
    {"/", "/"},
    {"/..", "/"},
    {"~", "/home/somebody"},
    {"~/", "/home/somebody"},
    {"~//x", "/home/somebody/x"},
    {"~/x/../y/", "/home/somebody/y"},
    {"~other/x", std::filesystem::current_path() / "~other/x"}, // another user's home is the shell's affair
    {"x/~", std::filesystem::current_path() / "x/~"},
    {".", std::filesystem::current_path()},
    {"./x/", std::filesystem::current_path() / "x"},
};

} // namespace

BOOST_DATA_TEST_CASE(makes_absolute, boost::unit_test::data::make(path_cases), c) {
  const scoped_env home{"HOME", "/home/somebody"};
  BOOST_TEST(absolute_path(c.text).value().string() == c.expected);
}

BOOST_AUTO_TEST_CASE(refuses_an_empty_path) {
  BOOST_TEST(absolute_path("").error().code == EINVAL);
  const auto url = absolute_path("https://user:secret@example.org/a.git");
  BOOST_REQUIRE(!url);
  BOOST_TEST(url.error().code == EINVAL);
  BOOST_TEST(url.error().message == "'https://example.org/a.git' is a URL, and here a path is expected");
  BOOST_TEST(!expanded_path("https://example.org/a", "/etc"));
}

BOOST_AUTO_TEST_CASE(cache_folder_follows_xdg) {
  const scoped_env home{"HOME", "/home/somebody"};
  {
    const scoped_env cache{"XDG_CACHE_HOME", "/var/tmp/c/"};
    BOOST_TEST(default_cache_dir().value().string() == "/var/tmp/c/gitfs-actor");
  }
  for (const char* useless : {static_cast<const char*>(nullptr), "", "relative/cache"}) {
    const scoped_env cache{"XDG_CACHE_HOME", useless};
    BOOST_TEST(default_cache_dir().value().string() == "/home/somebody/.cache/gitfs-actor");
  }
}

BOOST_AUTO_TEST_CASE(home_comes_from_the_user_database_without_a_variable) {
  const scoped_env home{"HOME", nullptr};
  const auto path = absolute_path("~/x");
  BOOST_TEST((path && path.value().is_absolute() && path.value().filename() == "x"));
}

BOOST_AUTO_TEST_CASE(symbolic_links_are_followed_as_far_as_there_is_something) {
  temp_dir dir;
  const fs::path top = fs::canonical(dir.path());
  fs::create_directories(top / "a/b");
  fs::create_directory_symlink("a", top / "relative");
  fs::create_directory_symlink(top / "relative/b", top / "absolute");
  fs::create_directory_symlink("loop", top / "loop");
  BOOST_TEST(resolved_path(top / "absolute/c/d") == top / "a/b/c/d");
  BOOST_TEST(resolved_path(top / "relative/../x") == top / "x");
  BOOST_TEST(resolved_path(top / "absolute/../x") == top / "a/x");
  BOOST_TEST(resolved_path(top / "loop/x").string().size() > 0u); // it ends
  BOOST_TEST(resolved_path(top / "absolute/c", top / "a") == top / "a/b/c");
  BOOST_TEST(is_at_or_below("/m", "/m"));
  BOOST_TEST(is_at_or_below("/m/c", "/m"));
  BOOST_TEST(is_at_or_below("/m", "/"));
  BOOST_TEST(!is_at_or_below("/mc", "/m"));
  BOOST_TEST(!is_at_or_below("/", "/m"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
