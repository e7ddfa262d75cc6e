#include "actors/model/inode_number.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace gitfs::test {

namespace {

std::uint64_t number(const numbered_folder& folder, std::string_view name) {
  return inode_number(folder, name, child_key(folder.key, name));
}

numbered_folder folder(std::string_view name, path_key above = root_key) {
  return {child_key(above, name), name};
}

std::vector<std::uint64_t> numbers(const numbered_folder& in, const std::vector<std::string>& names) {
  std::vector<std::uint64_t> out;
  for (const std::string& each : names)
    out.push_back(number(in, each));
  return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(inode_number)

BOOST_AUTO_TEST_CASE(ascend_in_the_order_of_names) {
  // As the listing has them: bytes, not letters.
  const std::vector<std::string> names{"",  " ",  "-x",   ".git", "0",        "1",    "10",      "2", "A",
                                       "Z", "_",  "a",    "a.b",  "a_b",      "aa",   "ab",      "b", "kernel",
                                       "z", "zz", "\x7f", "\x80", "\xc3\xa4", "\xff", "\xff\xff"};
  BOOST_REQUIRE(std::ranges::is_sorted(names));
  for (const numbered_folder& in : {numbered_folder{}, folder("a"), folder("kernel"), folder("\xff")}) {
    const auto of = numbers(in, names);
    BOOST_TEST(std::ranges::is_sorted(of));
    BOOST_TEST((std::ranges::adjacent_find(of) == of.end()));
  }
}

// `gpio/gpio-pxa.c`: there the order reaches as far into the name as elsewhere without that.
BOOST_AUTO_TEST_CASE(ascend_further_where_files_are_called_after_their_folder) {
  const std::vector<std::string> names{"controller-a.c", "controller-b.c", "controller-c.c", "controller-d.c",
                                       "controller-e.c", "controller-f.c", "controller-g.c", "controller-h.c"};
  BOOST_TEST(std::ranges::is_sorted(numbers(folder("controller"), names)));
}

BOOST_AUTO_TEST_CASE(are_below_2_to_the_53_and_no_reserved_ones) {
  std::uint64_t least = ~std::uint64_t{0}, most = 0;
  for (int f = 0; f < 300; ++f) {
    const std::string name = std::to_string(f);
    for (const std::string& end : {std::string(255, '\xff'), std::string(255, '\x01'), std::string{"."}, name}) {
      const std::uint64_t one = number(folder(name), end);
      least = std::min(least, one);
      most = std::max(most, one);
    }
  }
  BOOST_TEST(least > root_ino);
  BOOST_TEST(most < std::uint64_t{1} << 53);
  // At both ends of all hashes.
  BOOST_TEST(gitfs::inode_number({0, ""}, "", 0) == 2U);
  BOOST_TEST(gitfs::inode_number({~path_key{0}, ""}, std::string(255, '\xff'), ~path_key{0}) < std::uint64_t{1} << 53);
}

// What comes or goes beside it, and what it is, changes nothing: these are of all versions.
BOOST_AUTO_TEST_CASE(are_the_same_in_every_version) {
  BOOST_TEST(number({}, "README.md") == 1359767882921972U);
  BOOST_TEST(number(folder("kernel"), "kernel.h") == 5390731364360939U);
}

BOOST_AUTO_TEST_CASE(of_one_name_in_many_folders_differ) {
  std::set<std::uint64_t> seen;
  for (int d = 0; d < 100'000; ++d) {
    const std::string name = "folder-" + std::to_string(d);
    for (const std::string_view file : {"Makefile", "Kconfig"})
      BOOST_REQUIRE(seen.insert(number(folder(name), file)).second);
  }
}

// Folders whose hashes begin alike would have one range: then the whole path decides.
BOOST_AUTO_TEST_CASE(differ_where_hashes_of_folders_meet) {
  std::set<std::uint64_t> seen;
  for (path_key low = 0; low < 1000; ++low)
    BOOST_REQUIRE(seen.insert(number({(path_key{0x1234567} << 32) | low, "same"}, "Makefile")).second);
}

BOOST_AUTO_TEST_CASE(of_long_names_that_begin_alike_differ) {
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 20'000; ++i)
    BOOST_REQUIRE(seen.insert(number({}, "a-very-long-beginning-that-all-of-them-have-" + std::to_string(i))).second);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
