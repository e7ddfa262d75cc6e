// Programs that look files up by their names and do not read them.
#include "actors/prefetch/prefetch_plan.hpp"
#include "test/actors/support/walked_tree.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <unordered_set>
#include <vector>

namespace gitfs::test {

namespace name_walks {

namespace {

struct lookups_fixture : walked_tree {
  lookups_fixture() : walked_tree(30, 10, 8) {
    for (const walked_node& each : depth_first())
      if (each.tree.entries.front().kind == entry_kind::file)
        leaves.push_back(each);
    BOOST_REQUIRE_EQUAL(leaves.size(), 300U);
  }

  void look_up(std::size_t leaf, std::size_t file) {
    plan.looked_up(leaves[leaf].link, leaves[leaf].tree.entries.at(file).id);
  }
  void read(std::size_t leaf, child_index file) {
    const tree_entry& e = leaves[leaf].tree.entries.at(file);
    plan.read(leaves[leaf].link, file, e.name, e.id);
  }
  void answer(int code = 0) {
    for (; answered < out.requested.size(); ++answered)
      plan.finished(out.requested[answered].id, {code, {}});
  }

  recorded_readahead out;
  counters counts;
  gitfs::prefetch_plan plan{db, out, counts, 64U << 20};
  std::vector<walked_node> leaves;
  std::size_t answered = 0;
};

} // namespace

} // namespace name_walks

BOOST_FIXTURE_TEST_SUITE(name_walks, name_walks::lookups_fixture)

// Each in its own part of the tree, in turn, as the threads of git status. 2,400 files in 300 directories.
BOOST_AUTO_TEST_CASE(threads_that_look_every_file_up_get_all_sizes_in_a_few_wants) {
  constexpr std::size_t threads = 20, part = 300 / threads;
  std::size_t waits = 0;
  for (std::size_t step = 0; step < part; ++step)
    for (std::size_t thread = 0; thread < threads; ++thread) {
      const std::size_t leaf = thread * part + step;
      const oid id = leaves[leaf].tree.entries.front().id;
      if (std::ranges::any_of(out.requested, [&](const want& w) { return std::ranges::count(w.ids, id) != 0; }))
        continue;
      ++waits;
      look_up(leaf, 0);
      answer();
    }
  BOOST_TEST(waits <= 10U, waits);
  BOOST_TEST(out.requested.size() <= 3U, out.requested.size());
  BOOST_TEST(out.wanted(want_kind::sizes) == 2400U);
  BOOST_TEST(out.wanted(want_kind::blobs) == 0U);
  BOOST_TEST(out.open == 0);
}

BOOST_AUTO_TEST_CASE(who_reads_what_it_looks_up_is_no_walker) {
  for (std::size_t leaf = 0; leaf < 300; leaf += 3) {
    look_up(leaf, leaf % 8);
    read(leaf, static_cast<child_index>(leaf % 8));
  }
  BOOST_TEST(out.wanted(want_kind::sizes) == 0U);
}

BOOST_AUTO_TEST_CASE(look_ups_in_a_few_directories_are_no_walk) {
  for (std::size_t leaf = 0; leaf < 7; ++leaf)
    for (std::size_t file = 0; file < 8; ++file)
      look_up(leaf, file);
  BOOST_TEST(out.requested.empty());
}

BOOST_AUTO_TEST_CASE(nothing_is_wanted_outside_the_directory_that_all_are_in) {
  for (std::size_t leaf = 0; leaf < 8; ++leaf)
    look_up(leaf, 0);
  BOOST_REQUIRE_EQUAL(out.requested.size(), 1U);
  BOOST_TEST(out.wanted(want_kind::sizes) == 80U); // ten directories of eight files
}

BOOST_AUTO_TEST_CASE(missing_trees_come_together_and_the_window_goes_on_behind_them) {
  for (const oid& tree : leaf_trees)
    db.hide(tree);
  for (std::size_t leaf = 0; leaf < 300; leaf += 30)
    look_up(leaf, 0);
  BOOST_REQUIRE(!out.requested.empty());
  BOOST_TEST((out.requested[0].kind == want_kind::trees));
  BOOST_TEST(out.requested[0].ids.size() >= 200U);
  for (const oid& tree : leaf_trees)
    db.show(tree);
  answer();
  BOOST_TEST(out.wanted(want_kind::sizes) == 2400U);
}

BOOST_AUTO_TEST_CASE(trees_that_cannot_be_had_end_the_walk) {
  for (const oid& tree : leaf_trees)
    db.hide(tree);
  for (std::size_t leaf = 0; leaf < 300; leaf += 30)
    look_up(leaf, 0);
  answer(EIO);
  BOOST_TEST(out.requested.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_server_that_tells_no_sizes_is_asked_once) {
  for (std::size_t leaf = 0; leaf < 300; leaf += 30)
    look_up(leaf, 0);
  BOOST_REQUIRE_EQUAL(out.requested.size(), 1U);
  answer(ENOTSUP);
  for (std::size_t leaf = 1; leaf < 300; leaf += 10)
    look_up(leaf, 0);
  BOOST_TEST(out.requested.size() == 1U);
}

BOOST_AUTO_TEST_CASE(forgetting_where_they_were_cancels_what_they_were_to_get) {
  for (std::size_t leaf = 0; leaf < 8; ++leaf)
    look_up(leaf, 0);
  BOOST_REQUIRE_EQUAL(out.requested.size(), 1U);
  plan.forgotten(*leaves[0].link->parent);
  BOOST_TEST(std::ranges::count(out.cancelled, out.requested[0].id) == 1);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
