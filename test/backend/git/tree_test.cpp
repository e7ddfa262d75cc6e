#include "backend/git/tree.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cerrno>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(tree)

namespace {

std::string entry(const std::string& mode, const std::string& name, char fill = '\1') {
  return mode + " " + name + '\0' + std::string(oid::raw_size, fill);
}

parsed_tree parsed(const std::string& raw) {
  auto out = parse_tree(raw);
  if (!out)
    BOOST_FAIL("refused: " << out.error().message);
  return out.value();
}

std::string names(const parsed_tree& tree) {
  std::string out;
  for (const tree_entry& one : tree.entries)
    out += one.name + "|";
  return out;
}

} // namespace

BOOST_AUTO_TEST_CASE(empty_tree_has_no_entries) {
  const parsed_tree tree = parsed("");
  BOOST_TEST(tree.entries.empty());
  BOOST_TEST(tree.hidden == 0u);
  BOOST_TEST(tree.hidden_reason.empty());
}

BOOST_AUTO_TEST_CASE(modes_are_read_as_git_reads_them) {
  struct row {
    const char* mode;
    entry_kind kind;
  };
  for (const row& r : {row{"100644", entry_kind::file},
                       {"100755", entry_kind::executable},
                       {"120000", entry_kind::symlink},
                       {"40000", entry_kind::directory},
                       {"040000", entry_kind::directory},
                       {"160000", entry_kind::gitlink},
                       {"100664", entry_kind::file},
                       {"100600", entry_kind::file},
                       {"100777", entry_kind::executable},
                       {"100100", entry_kind::executable},
                       {"100011", entry_kind::file},
                       {"120777", entry_kind::symlink},
                       {"40755", entry_kind::directory},
                       {"0", entry_kind::gitlink},
                       {"20000", entry_kind::gitlink},
                       {"10000", entry_kind::gitlink},
                       {"140000", entry_kind::gitlink}}) {
    const parsed_tree tree = parsed(entry(r.mode, "x"));
    BOOST_REQUIRE(tree.entries.size() == 1u);
    BOOST_TEST((tree.entries[0].kind == r.kind), "wrong kind for " << r.mode);
    BOOST_TEST((tree.entries[0].id == oid::from_raw(std::string(20, '\1').data())));
  }
}

BOOST_AUTO_TEST_CASE(order_is_bytewise_not_git_s) {
  // git sorts the directory "a" as "a/", after "a.c" and "a-b".
  const parsed_tree tree = parsed(entry("100644", "a-b") + entry("100644", "a.c") + entry("40000", "a")
                                  + entry("100644", "a0") + entry("100644", "\xff\xfe"));
  BOOST_TEST(names(tree) == "a|a-b|a.c|a0|\xff\xfe|");
  BOOST_TEST(tree.hidden == 0u);
}

BOOST_AUTO_TEST_CASE(names_that_a_directory_cannot_show_are_hidden) {
  for (const std::string& bad : {std::string{}, std::string{"."}, std::string{".."}, std::string{".git"},
                                 std::string{".GIT"}, std::string{".gIt"}, std::string{"/"}, std::string{"a/b"},
                                 std::string{"../../etc/passwd"}, std::string(256, 'n')}) {
    const parsed_tree tree = parsed(entry("100644", "good") + entry("100644", bad) + entry("100644", "zoo"));
    BOOST_TEST(names(tree) == "good|zoo|", "shown: " << bad);
    BOOST_TEST(tree.hidden == 1u);
    BOOST_TEST(!tree.hidden_reason.empty());
    BOOST_TEST(std::all_of(tree.hidden_reason.begin(), tree.hidden_reason.end(),
                           [](char c) { return c >= 0x20 && c < 0x7f; }));
  }
}

BOOST_AUTO_TEST_CASE(names_that_only_look_odd_are_shown) {
  for (const std::string& good :
       {std::string{"..."}, std::string{".gitx"}, std::string{".gi"}, std::string{".gitignore"}, std::string{"git"},
        std::string{" "}, std::string{"\n"}, std::string{"\xff"}, std::string{"a\\b"}, std::string(255, 'n')}) {
    const parsed_tree tree = parsed(entry("100644", good));
    BOOST_TEST(tree.hidden == 0u, "hidden: " << good);
    BOOST_REQUIRE(tree.entries.size() == 1u);
    BOOST_TEST(tree.entries[0].name == good);
  }
}

BOOST_AUTO_TEST_CASE(of_one_name_the_last_is_kept) {
  const parsed_tree tree = parsed(entry("100644", "b", '\1') + entry("40000", "a", '\2') + entry("120000", "b", '\0')
                                  + entry("40000", "b", '\3'));
  BOOST_TEST(names(tree) == "a|b|");
  BOOST_TEST((tree.entries[1].kind == entry_kind::directory));
  BOOST_TEST(tree.entries[1].id.bytes[0] == 3);
  BOOST_TEST(tree.hidden == 2u);
}

BOOST_AUTO_TEST_CASE(the_reason_is_that_of_the_first_hidden) {
  const parsed_tree duplicate_first = parsed(entry("100644", "a") + entry("100644", "a") + entry("100644", ".."));
  BOOST_TEST(duplicate_first.hidden == 2u);
  BOOST_TEST(duplicate_first.hidden_reason.find("\"a\"") != std::string::npos, duplicate_first.hidden_reason);
  const parsed_tree reserved_first = parsed(entry("100644", "..") + entry("100644", "a") + entry("100644", "a"));
  BOOST_TEST(reserved_first.hidden_reason.find("\"..\"") != std::string::npos, reserved_first.hidden_reason);
  const parsed_tree unprintable = parsed(entry("100644", "\x1b[2J/\xff"));
  BOOST_TEST(unprintable.hidden_reason.find("\\x1b[2J/\\xff") != std::string::npos, unprintable.hidden_reason);
}

BOOST_AUTO_TEST_CASE(every_truncation_is_an_error) {
  const std::string raw = entry("100644", "first") + entry("40000", "second");
  for (std::size_t length = 1; length < raw.size(); ++length) {
    if (length == entry("100644", "first").size())
      continue;
    const auto out = parse_tree(std::string_view{raw}.substr(0, length));
    BOOST_REQUIRE_MESSAGE(!out, "taken at length " << length);
    BOOST_TEST(out.error().code == EIO);
  }
}

BOOST_AUTO_TEST_CASE(malformed_modes_are_errors) {
  for (const char* mode : {"", " 100644", "100648", "abc", "-1", "+1", "77777777777", "0x1"})
    BOOST_TEST(!parse_tree(entry(mode, "x")), "taken: " << mode);
}

BOOST_AUTO_TEST_CASE(a_million_entries_of_one_name) {
  std::string raw;
  for (int i = 0; i < 1'000'000; ++i)
    raw += entry("100644", "same", static_cast<char>(i));
  const parsed_tree tree = parsed(raw);
  BOOST_TEST(tree.entries.size() == 1u);
  BOOST_TEST(tree.entries[0].id.bytes[0] == static_cast<std::uint8_t>(999'999));
  BOOST_TEST(tree.hidden == 999'999u);
}

BOOST_AUTO_TEST_CASE(a_large_directory_in_the_worst_order) {
  std::string raw;
  for (int i = 50'000; i > 0; --i)
    raw += entry("100644", "file" + std::to_string(i));
  const parsed_tree tree = parsed(raw);
  BOOST_TEST(tree.entries.size() == 50'000u);
  BOOST_TEST(std::is_sorted(tree.entries.begin(), tree.entries.end(),
                            [](const tree_entry& a, const tree_entry& b) { return a.name < b.name; }));
}

// git's order is not that of the bytes: "a-" < "a/" < "a0".
BOOST_AUTO_TEST_CASE(a_tree_is_composed_as_git_does) {
  const std::string raw =
      entry("100644", "a-") + entry("40000", "a") + entry("100755", "a0") + entry("120000", "b") + entry("160000", "c");
  BOOST_TEST(compose_tree(parsed(raw).entries) == raw);
  BOOST_TEST(compose_tree({}).empty());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
