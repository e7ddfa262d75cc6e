// The format of profiles: what is written is read again, and what is wrong is told with its line.
#include "backend/profile/profile.hpp"
#include "test/support/outcome.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace gitfs::test {

namespace profile_format {

namespace {

gitfs::profile some() {
  return {"https://git.example/a.git",
          "drivers",
          {{1, 12, "cc1", "net/a.c"},
           {2, unknown_size_class, "", "net/"},
           {3, 0, "a b\\", "with space and \n a line's end \\ and \xff"},
           {4, 63, "-", "-"}}};
}

std::string wrong(const std::string& text) {
  const auto read = parse_profile(text, "p");
  return read ? "" : read.error().message;
}

const std::string head = "gitfs-actor profile 1\n";

} // namespace

} // namespace profile_format

BOOST_AUTO_TEST_SUITE(profile)

using namespace profile_format;

BOOST_AUTO_TEST_CASE(what_is_written_is_read_again) {
  auto expected = some();
  expected.entries.back().program.clear(); // a program that is called "-" is unknown
  const auto again = parse_profile(profile_text(some()), "p");
  BOOST_REQUIRE(again);
  BOOST_TEST((again.value() == expected));
  const std::string first =
      "gitfs-actor profile 1\nsource https://git.example/a.git\nfolder drivers\n1 12 cc1 net/a.c\n"
      "2 - - net/\n";
  BOOST_TEST(profile_text(some()).starts_with(first));
}

BOOST_AUTO_TEST_CASE(entries_are_read_in_the_order_of_their_ranks) {
  const auto read = parse_profile(head + "# a comment\n\n9 1 a late\n1 1 a early\n9 1 a later", "p");
  BOOST_REQUIRE(read);
  std::string all;
  for (const auto& each : read.value().entries)
    all += each.path + ' ';
  BOOST_TEST(all == "early late later ");
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_told_with_its_line) {
  const std::string rank = "expected RANK SIZECLASS PROGRAM PATH, and the rank is no number from 1 on";
  const std::string parts = "a path with an empty part: paths are relative to the folder";
  const std::pair<std::string, std::string> all[] = {
      {"", "p:1: this is no profile: it is empty"},
      {std::string(1000, '\0'), "p:1: this is no profile: its first line is not 'gitfs-actor profile 1'"},
      {"gitfs-actor profile 2\n", "p:1: this profile is of another version of the format; version 1 is known here"},
      {head + "1 1 a b\nx 1 a b\n", "p:3: " + rank},
      {head + "0 1 a b\n", "p:2: " + rank},
      {head + "99999999999999999999 1 a b\n", "p:2: " + rank},
      {head + "-1 1 a b\n", "p:2: " + rank},
      {head + "1\n", "p:2: " + rank},
      {head + "1 64 a b\n",
       "p:2: expected RANK SIZECLASS PROGRAM PATH, and the size class is neither '-' nor a number up to 63"},
      {head + "1 1  b\n",
       "p:2: expected RANK SIZECLASS PROGRAM PATH, and the program is missing: '-' if it is unknown"},
      {head + "1 1 a \n", "p:2: a path is missing"},
      {head + "1 1 a /etc/passwd\n", "p:2: " + parts},
      {head + "1 1 a b//c\n", "p:2: " + parts},
      {head + "1 1 a ../../etc\n", "p:2: '.' and '..' cannot be parts of a path here"},
      {head + "1 1 a b/./c\n", "p:2: '.' and '..' cannot be parts of a path here"},
      {head + "1 1 a b\\x00c\n", "p:2: a path with a NUL byte in it"},
      {head + "1 1 a " + std::string(1000, 'x') + "\n", "p:2: a line of more than 1000 bytes"},
      {head + "folder a\nfolder b\n",
       "p:3: a second folder, or one that is no relative path without a slash at its end"},
      {head + "folder ../b\n", "p:2: a second folder, or one that is no relative path without a slash at its end"},
      {head + "source a\nsource b\n", "p:3: a second source, or one that is too long"},
      {head + "1 1 a b\nfolder c\n", "p:3: " + rank},
  };
  for (const auto& [text, expected] : all)
    BOOST_TEST(wrong(text) == expected);
  std::string long_one = head;
  for (std::size_t i = 0; i <= gitfs::profile::most_entries; ++i)
    long_one += "1 1 a b\n";
  BOOST_TEST(wrong(long_one) == "p:16386: more than 16384 paths");
}

BOOST_AUTO_TEST_CASE(a_file_that_is_none_or_too_large_is_an_error) {
  const temp_dir dir;
  BOOST_TEST(read_profile(dir / "none").error().code == ENOENT);
  BOOST_TEST(read_profile(dir.path()).error().code == EISDIR);
  std::ofstream{dir / "large"} << head << std::string(gitfs::profile::most_bytes, '\n');
  BOOST_TEST(read_profile(dir / "large").error().code == EFBIG);
  std::ofstream{dir / "wrong"} << head << "oops\n";
  BOOST_TEST(read_profile(dir / "wrong").error().message.starts_with((dir / "wrong").string() + ":2: expected RANK"));
}

BOOST_AUTO_TEST_CASE(size_classes) {
  for (const auto& [bytes, expected] :
       std::vector<std::pair<std::uint64_t, int>>{{0, 0}, {1, 0}, {2, 1}, {3, 2}, {4, 2}, {4096, 12}, {4097, 13}}) {
    BOOST_TEST(int{size_class_of(bytes)} == expected);
    BOOST_TEST(most_bytes_of(size_class_of(bytes)) >= bytes);
  }
  BOOST_TEST(int{size_class_of(~std::uint64_t{0})} == 63);
  BOOST_TEST(most_bytes_of(unknown_size_class) == std::uint64_t{1} << 63);
}

BOOST_AUTO_TEST_CASE(merged_profiles_have_the_mean_order) {
  const gitfs::profile a{"s", "", {{1, 3, "x", "first"}, {2, 4, "", "both"}, {3, 1, "x", "last"}}};
  const gitfs::profile b{"", "", {{1, unknown_size_class, "", "first"}, {2, 9, "y", "both"}, {3, 1, "", "more/"}}};
  const std::vector<gitfs::profile> all{a, b};
  const auto merged = merge_profiles(all);
  BOOST_REQUIRE(merged);
  BOOST_TEST(profile_text(merged.value()) == head + "source s\n1 3 x first\n2 9 y both\n3 1 x last\n4 1 - more/\n");
}

BOOST_AUTO_TEST_CASE(merged_profiles_of_several_folders_are_of_the_whole_repository) {
  const std::vector<gitfs::profile> all{{"s", "x", {{1, 3, "", "f"}}}, {"s", "y/z", {{1, 3, "", "g"}}}};
  const auto merged = merge_profiles(all);
  BOOST_REQUIRE(merged);
  BOOST_TEST(profile_text(merged.value()) == head + "source s\n1 3 - x/f\n2 3 - y/z/g\n");
  const std::vector<gitfs::profile> others{{"s", "", {}}, {"t", "", {}}};
  BOOST_TEST(merge_profiles(others).error().message == "one profile is of s, and another of t");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
