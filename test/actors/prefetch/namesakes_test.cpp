// Files of one name in many directories.
#include "actors/prefetch/namesakes.hpp"
#include "test/actors/support/walked_tree.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <set>

namespace gitfs::test {

namespace namesakes {

namespace {

// 10 folders d10 to d19 of 10 folders s0 to s9 of 4 files f0 to f3.
struct namesakes_fixture : walked_tree {
  namesakes_fixture() : walked_tree(10, 10, 4) {}

  recorded_readahead out;
  const std::vector<walked_node> all = depth_first();
  gitfs::namesakes names{db, out, {.first = 8, .growth = 4, .most = 64}};

  // The leaf d1D/sS.
  const walked_node& leaf(std::size_t d, std::size_t s) const { return all.at(1 + d * 11 + 1 + s); }
  void read(std::size_t d, std::size_t s, child_index file = 2) {
    const walked_node& of = leaf(d, s);
    const tree_entry& e = of.tree.entries.at(file);
    names.read(of.link, file, e.name, e.id);
    db.show(e.id);
  }
  void answer() {
    for (const oid& id : out.requested.back().ids)
      db.show(id);
    names.finished(out.requested.back().id, {});
  }
  std::set<oid> wanted() const {
    std::set<oid> ids;
    for (const want& w : out.requested)
      ids.insert(w.ids.begin(), w.ids.end());
    return ids;
  }
};

} // namespace

} // namespace namesakes

BOOST_FIXTURE_TEST_SUITE(namesakes, namesakes::namesakes_fixture)

BOOST_AUTO_TEST_CASE(four_of_the_last_eight_reads_in_different_directories_tell) {
  for (const std::size_t s : {0, 1, 2, 2, 1, 0})
    read(0, s); // three directories
  BOOST_TEST(out.requested.empty());
  for (std::size_t d = 1; d < 8; ++d)
    read(d, d, d % 2 == 0 ? 0 : 1); // other names push them out
  read(0, 4);
  BOOST_TEST(out.requested.size() == 1U); // f1 was read in four
  BOOST_TEST(!wanted().contains(leaf(9, 9).tree.entries[2].id));
}

BOOST_AUTO_TEST_CASE(those_behind_the_reader_come_first_and_none_outside_of_what_readers_share) {
  for (const std::size_t s : {7, 3, 5, 4})
    read(3, s);
  BOOST_REQUIRE_EQUAL(out.requested.size(), 1U);
  BOOST_TEST((out.requested[0].how == urgency::speculation && out.requested[0].kind == want_kind::blobs));
  std::vector<oid> expected;
  for (const std::size_t s : {6, 8, 9, 0, 1, 2}) // d13 alone, from s4 on and around, what is not here
    expected.push_back(leaf(3, s).tree.entries[2].id);
  BOOST_TEST((out.requested[0].ids == expected));
  answer();
  read(4, 0); // outside: all may be meant
  BOOST_REQUIRE_EQUAL(out.requested.size(), 2U);
  BOOST_TEST((out.requested[1].ids.front() == leaf(4, 1).tree.entries[2].id));
}

BOOST_AUTO_TEST_CASE(the_window_grows_only_while_what_it_brings_is_read) {
  for (std::size_t d = 0; d < 4; ++d)
    read(d, 0);
  BOOST_TEST(out.requested.at(0).ids.size() == 8U); // behind d13/s0: s1 to s8
  answer();
  for (std::size_t s = 1; s < 5; ++s)
    read(3, s); // half of it
  BOOST_TEST(out.requested.at(1).ids.size() == 32U);
  answer();
  for (std::size_t s = 1; s < 3; ++s)
    read(0, s); // in vain, twice
  BOOST_REQUIRE_EQUAL(out.requested.size(), 3U);
  BOOST_TEST(out.requested[2].ids.size() == 32U);
}

BOOST_AUTO_TEST_CASE(each_is_asked_for_once_and_then_it_ends) {
  for (std::size_t round = 0; round < 3; ++round)
    for (std::size_t i = 0; i < 100; ++i) {
      read(i * 37 % 100 / 10, i * 37 % 10);
      if (!out.requested.empty())
        answer();
    }
  std::size_t ids = 0;
  for (const want& w : out.requested)
    ids += w.ids.size();
  BOOST_TEST(ids == wanted().size());
  BOOST_TEST(ids <= 100U);
  BOOST_TEST(ids > 60U);
}

BOOST_AUTO_TEST_CASE(trees_that_are_not_here_are_passed_over) {
  for (std::size_t d = 0; d < 3; ++d)
    read(d, 0);
  for (std::size_t s = 1; s < 9; ++s)
    db.hide(leaf(3, s).link->tree);
  read(3, 0);
  BOOST_REQUIRE_EQUAL(out.requested.size(), 1U);
  BOOST_TEST(out.requested[0].ids.size() == 8U);
  BOOST_TEST((out.requested[0].ids.front() == leaf(3, 9).tree.entries[2].id));
}

BOOST_AUTO_TEST_CASE(forgetting_where_its_readers_were_cancels_it) {
  for (std::size_t s = 0; s < 4; ++s)
    read(3, s);
  BOOST_REQUIRE_EQUAL(out.requested.size(), 1U);
  names.forgotten(*leaf(3, 1).link); // one of several places
  names.forgotten(*all.at(1).link);  // another folder
  BOOST_TEST(out.cancelled.empty());
  names.forgotten(*leaf(3, 0).link->parent);
  BOOST_TEST(out.cancelled == std::vector{out.requested[0].id}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
