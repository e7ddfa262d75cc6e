#include "actors/inode/dentry_table.hpp"

#include <boost/test/unit_test.hpp>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(dentry_table)

namespace {

oid id_of(std::uint8_t n) {
  oid out;
  out.bytes[0] = n;
  return out;
}

tree_entry file(const std::string& name, std::uint8_t id) {
  return {name, entry_kind::file, id_of(id)};
}

std::vector<std::string> names(const gitfs::dentry_table& table) {
  std::vector<std::string> out;
  for (child_index i : table.sorted())
    out.push_back(table.at(i)->name);
  return out;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_miss_is_none) {
  gitfs::dentry_table table;
  BOOST_TEST(table.find("a") == nullptr);
  BOOST_TEST(table.at(0) == nullptr);
  table.refresh({file("b", 1)});
  BOOST_TEST(table.find("a") == nullptr);
  BOOST_TEST(table.find("") == nullptr);
}

BOOST_AUTO_TEST_CASE(listing_is_sorted_by_name) {
  gitfs::dentry_table table;
  table.refresh({file("A", 1), file("a", 2), file("b", 3)});
  const std::vector<std::string> expected{"A", "a", "b"};
  BOOST_TEST(names(table) == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_size_once_known_stays_and_a_later_one_is_taken) {
  gitfs::dentry_table table;
  table.refresh({{"a", entry_kind::file, id_of(1), 10}, {"b", entry_kind::file, id_of(2)}});
  BOOST_TEST(table.find("a")->size == 10U);
  BOOST_TEST(table.find("b")->size == unknown_size);
  table.refresh({{"a", entry_kind::file, id_of(1)}, {"b", entry_kind::file, id_of(2), 20}});
  BOOST_TEST(table.find("a")->size == 10U);
  BOOST_TEST(table.find("b")->size == 20U);
}

BOOST_AUTO_TEST_CASE(a_refresh_replaces_and_removes) {
  gitfs::dentry_table table;
  table.refresh({file("a", 1), file("b", 2), file("c", 3)});
  const auto a = table.index_of(*table.find("a"));
  const auto b = table.index_of(*table.find("b"));
  table.ref(*table.at(b));
  table.refresh({file("a", 1), file("b", 9), file("d", 4)});
  const std::vector<std::string> expected{"a", "b", "d"};
  BOOST_TEST(names(table) == expected, boost::test_tools::per_element());
  BOOST_TEST(table.index_of(*table.find("a")) == a); // unchanged: the same inode
  BOOST_TEST(table.index_of(*table.find("b")) != b); // other contents: another inode
  BOOST_TEST((table.find("b")->id == id_of(9)));
  BOOST_TEST((table.at(b)->id == id_of(2))); // who has the old one open goes on reading it
  BOOST_TEST(!table.at(b)->present);
  BOOST_TEST(table.find("c") == nullptr); // its siblings are untouched by its removal
}

BOOST_AUTO_TEST_CASE(a_name_that_comes_back_is_not_removed_by_its_predecessors_cleanup) {
  gitfs::dentry_table table;
  table.refresh({file("a", 1)});
  const auto old = table.index_of(*table.find("a"));
  table.ref(*table.at(old));
  table.refresh({});
  table.refresh({file("a", 2)});
  table.unref(*table.at(old), 1);
  BOOST_REQUIRE(table.find("a") != nullptr);
  BOOST_TEST((table.find("a")->id == id_of(2)));
}

BOOST_AUTO_TEST_CASE(the_same_object_under_a_new_name_leaves_the_old_one) {
  gitfs::dentry_table table;
  table.refresh({file("old", 1), file("other", 2)});
  const auto other = table.index_of(*table.find("other"));
  table.refresh({file("new", 1), file("other", 2)});
  BOOST_TEST(table.find("old") == nullptr);
  BOOST_REQUIRE(table.find("new") != nullptr);
  BOOST_TEST((table.find("new")->id == id_of(1)));
  BOOST_TEST(table.index_of(*table.find("other")) == other);
}

BOOST_AUTO_TEST_CASE(a_directory_keeps_its_index_when_its_tree_changes) {
  gitfs::dentry_table table;
  table.refresh({{"d", entry_kind::directory, id_of(1)}});
  const auto d = table.index_of(*table.find("d"));
  table.refresh({{"d", entry_kind::directory, id_of(2)}});
  BOOST_TEST(table.index_of(*table.find("d")) == d);
  BOOST_TEST((table.find("d")->id == id_of(2)));
  table.refresh({{"d", entry_kind::file, id_of(2)}}); // a file now: the kernel's directory inode must not become one
  BOOST_TEST(table.index_of(*table.find("d")) != d);
}

BOOST_AUTO_TEST_CASE(references_count_up_and_down) {
  gitfs::dentry_table table;
  table.refresh({file("a", 1), {"d", entry_kind::directory, id_of(2)}});
  dentry& a = *table.at(table.index_of(*table.find("a")));
  dentry& d = *table.at(table.index_of(*table.find("d")));
  BOOST_TEST(!table.referenced());
  table.ref(a);
  table.ref(a);
  table.ref(a);
  BOOST_TEST(table.referenced());
  BOOST_TEST(table.unref(a, 2) == 1U);
  BOOST_TEST(table.referenced());
  BOOST_TEST(table.unref(a, 1) == 0U);
  BOOST_TEST(!table.referenced());
  BOOST_TEST(table.unref(a, 5) == 0U); // never below zero
  BOOST_TEST(!table.referenced());
  table.set_slot(d, 7);
  BOOST_TEST(table.referenced()); // a child directory with a slot can still be reached
  table.ref(d);
  table.unref(d, 1);
  BOOST_TEST(table.referenced());
  table.set_slot(d, no_slot);
  BOOST_TEST(!table.referenced());
}

BOOST_AUTO_TEST_CASE(dropping_keeps_what_is_referred_to_under_its_index) {
  gitfs::dentry_table table;
  const std::vector<tree_entry> listing{
      file("a", 1), file("b", 2), {"d", entry_kind::directory, id_of(3)}, file("e", 4)};
  table.refresh(listing);
  table.ref(*table.at(1));
  table.at(1)->size = 17;
  table.set_slot(*table.at(2), 5);
  table.drop();
  BOOST_TEST(table.find("b") == nullptr);
  BOOST_TEST(table.at(0) == nullptr);
  BOOST_REQUIRE(table.at(1) != nullptr);
  BOOST_TEST(table.at(1)->name == "b");
  BOOST_TEST(table.at(2)->slot == 5U);
  BOOST_TEST(table.referenced());
  table.refresh(listing);
  for (child_index i = 0; i < listing.size(); ++i) {
    BOOST_REQUIRE(table.find(listing[i].name) != nullptr);
    BOOST_TEST(table.index_of(*table.find(listing[i].name)) == i);
  }
  BOOST_TEST(table.at(1)->size == 17U);
  BOOST_TEST(table.at(1)->nlookup == 1U);
  table.unref(*table.at(1), 1);
  table.set_slot(*table.at(2), no_slot);
  BOOST_TEST(!table.referenced());
}

BOOST_AUTO_TEST_CASE(a_table_that_was_changed_before_it_was_dropped_comes_back_by_name) {
  gitfs::dentry_table table;
  table.refresh({file("b", 1), file("c", 2)});
  table.ref(*table.at(1));
  table.refresh({file("a", 3), file("b", 1), file("c", 2)}); // "a" has index 2 now
  table.ref(*table.at(2));
  table.drop();
  table.refresh({file("a", 3), file("b", 1), file("c", 2)});
  BOOST_TEST(table.index_of(*table.find("a")) == 2U);
  BOOST_TEST(table.index_of(*table.find("c")) == 1U);
  BOOST_TEST(table.index_of(*table.find("b")) == 0U); // nobody had referred to it
  const std::vector<std::string> expected{"a", "b", "c"};
  BOOST_TEST(names(table) == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_index_that_nobody_refers_to_is_used_again) {
  gitfs::dentry_table table;
  table.refresh({file("a", 1), file("b", 1)});
  table.ref(*table.at(0));
  for (std::uint8_t id = 2; id < 100; ++id)
    table.refresh({file("a", 1), file("b", id)});
  BOOST_TEST(table.size() <= 3U);
  BOOST_TEST((table.at(0)->id == id_of(1)));
  table.refresh({file("a", 2), file("b", 99)});
  table.refresh({file("a", 3), file("b", 99)});
  BOOST_TEST((table.at(0)->id == id_of(1))); // somebody has it open
}

BOOST_AUTO_TEST_CASE(a_time_is_that_of_the_change) {
  gitfs::dentry_table table;
  table.refresh({file("a", 1), file("b", 1), {"d", entry_kind::directory, id_of(1)}}, 10);
  table.refresh({file("a", 1), file("b", 2), file("c", 1), {"d", entry_kind::directory, id_of(2)}}, 20);
  BOOST_TEST(table.find("a")->time == 10);
  BOOST_TEST(table.find("b")->time == 20);
  BOOST_TEST(table.find("c")->time == 20);
  BOOST_TEST(table.find("d")->time == 20);
}

BOOST_AUTO_TEST_CASE(a_time_that_the_listing_tells_goes_before_it) {
  gitfs::dentry_table table;
  const auto told = [](const char* name, std::uint8_t id, std::int64_t time) {
    tree_entry out{name, entry_kind::directory, id_of(id)};
    out.time = time;
    return out;
  };
  const file_time second = file_time_of(1);
  table.refresh({told("a", 1, 5), told("b", 1, 6), told("c", 1, 0)}, 10);
  BOOST_TEST(table.find("a")->time == 5 * second);
  BOOST_TEST(table.find("b")->time == 6 * second);
  BOOST_TEST(table.find("c")->time == 10);
  // What has changed has changed now, however long ago it was committed: else `make` would not see it.
  table.refresh({told("a", 1, 5), told("b", 2, 15), told("c", 1, 0)}, 20);
  BOOST_TEST(table.find("a")->time == 5 * second);
  BOOST_TEST(table.find("b")->time == 20);
  BOOST_TEST(table.find("c")->time == 10);
}

BOOST_AUTO_TEST_CASE(changes_are_what_somebody_may_have_seen) {
  gitfs::dentry_table table;
  table.refresh({file("changed", 1), {"d", entry_kind::directory, id_of(1)}, file("gone", 1), file("unseen", 1)});
  for (child_index i = 0; i < 3; ++i)
    table.ref(*table.at(i));
  const auto changes =
      table.refresh({file("added", 1), file("changed", 2), {"d", entry_kind::directory, id_of(2)}, file("unseen", 2)});
  const std::vector<std::string> gone{"changed", "gone"};
  BOOST_TEST(changes.gone == gone, boost::test_tools::per_element());
  BOOST_REQUIRE_EQUAL(changes.added.size(), 1U);
  BOOST_TEST(table.at(changes.added[0])->name == "added");
  const std::vector<child_index> moved{1};
  BOOST_TEST(changes.moved == moved, boost::test_tools::per_element());
  BOOST_TEST(table.position_of(table.index_of(*table.find("unseen"))) == 3U);
  BOOST_TEST(table.position_of(1) == 2U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
