// Every way through a tree that is recognised, as the prefetcher hears of it.
#include "actors/prefetch/prefetch_plan.hpp"

#include "actors/mount/mounted_ref.hpp"
#include "test/actors/support/walked_tree.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

namespace gitfs::test {

namespace prefetch_plan {

namespace {

using node = walked_node;

struct plan_fixture : walked_tree {
  plan_fixture() : walked_tree(30, 10, 8) {}

  recorded_readahead out;
  counters counts;
  const std::vector<node> depth_first = walked_tree::depth_first(), breadth_first = walked_tree::breadth_first();
  gitfs::prefetch_plan plan{db, out, counts, 1U << 20};

  std::vector<const node*> all_leaves() const {
    std::vector<const node*> leaves;
    for (const node& each : depth_first)
      if (each.tree.entries.front().kind == entry_kind::file)
        leaves.push_back(&each);
    BOOST_REQUIRE_EQUAL(leaves.size(), 300U);
    return leaves;
  }

  void answer_all(int code = 0) {
    for (std::size_t i = 0; i < out.requested.size(); ++i) // answers may ask for more
      plan.finished(out.requested[i].id, {code, {}});
  }

  void read_file(const node& directory, child_index file) {
    const tree_entry& e = directory.tree.entries.at(file);
    plan.read(directory.link, file, e.name, e.id);
  }
};

} // namespace

} // namespace prefetch_plan

BOOST_FIXTURE_TEST_SUITE(prefetch_plan, prefetch_plan::plan_fixture)

BOOST_AUTO_TEST_CASE(every_way_has_a_name_and_numbers_of_its_own) {
  std::set<std::string_view> names;
  for (std::size_t way = 0; way < reader_ways; ++way) {
    const auto one = static_cast<reader_way>(way);
    BOOST_TEST(!name_of(one).empty());
    names.insert(name_of(one));
    BOOST_TEST((reader_way_of(first_want_of(one)) == one));
  }
  BOOST_TEST(names.size() == reader_ways);
  BOOST_TEST(name_of(static_cast<reader_way>(reader_ways)).empty());
}

BOOST_AUTO_TEST_CASE(listings_ahead_of_a_walker_are_handed_over) {
  memory_budget budget{48U << 20};
  listing_cache ahead{db, budget};
  gitfs::prefetch_plan sharing{db, out, counts, 1U << 20, &ahead};
  for (std::size_t i = 0; i < 2; ++i)
    sharing.listed(depth_first[i].link);
  std::set<oid> trees;
  for (const node& each : depth_first)
    trees.insert(each.link->tree);
  for (const oid& tree : trees)
    db.hide(tree); // so that only what was handed over can be had
  for (std::size_t i = 2; i < 50; ++i) {
    const auto found = ahead.take(depth_first[i].link->tree);
    BOOST_REQUIRE(found.has_value());
    BOOST_TEST((found.value()->entries == depth_first[i].tree.entries));
  }
  BOOST_TEST(ahead.take(depth_first[0].link->tree).error().code == ENOENT); // nobody lists it a second time
  BOOST_TEST(ahead.take(depth_first[2].link->tree).error().code == ENOENT);
  ahead.clear();
  BOOST_TEST(budget.empty());
}

BOOST_AUTO_TEST_CASE(depth_first_walks_are_covered_in_few_wants) {
  for (const node& each : depth_first)
    plan.listed(each.link);
  BOOST_TEST(out.wanted(want_kind::sizes) == blobs.size());
  BOOST_TEST(out.requested.size() <= 3U);
}

BOOST_AUTO_TEST_CASE(breadth_first_walks_are_too) {
  for (const node& each : breadth_first)
    plan.listed(each.link);
  BOOST_TEST(out.wanted(want_kind::sizes) == blobs.size());
  BOOST_TEST(out.requested.size() <= 12U);
}

BOOST_AUTO_TEST_CASE(random_listings_bring_nothing) {
  for (const std::size_t i : {17U, 250U, 99U, 180U, 5U, 301U, 60U, 220U, 130U})
    plan.listed(depth_first[i].link);
  BOOST_TEST(out.requested.empty());
}

BOOST_AUTO_TEST_CASE(one_file_of_each_directory_brings_no_siblings) {
  const auto leaves = all_leaves();
  for (std::size_t i = 0; i < leaves.size(); ++i) // each once, never two neighbours in turn
    read_file(*leaves[i * 131 % leaves.size()], static_cast<child_index>(i % 8));
  BOOST_TEST(out.requested.empty());
}

BOOST_AUTO_TEST_CASE(one_file_of_each_directory_brings_those_of_that_name) {
  const auto leaves = all_leaves();
  std::set<oid> wanted;
  std::size_t in_vain = 0, requests = 0;
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    const node& leaf = *leaves[i * 131 % leaves.size()];
    in_vain += wanted.contains(leaf.tree.entries[3].id) ? 0 : 1;
    read_file(leaf, 3);
    for (; requests < out.requested.size(); ++requests) {
      wanted.insert(out.requested[requests].ids.begin(), out.requested[requests].ids.end());
      plan.finished(out.requested[requests].id, {});
    }
  }
  BOOST_TEST(out.wanted(want_kind::blobs) <= leaves.size()); // nothing of another name
  BOOST_TEST(in_vain <= 15U, in_vain);
  BOOST_TEST(requests <= 10U);
}

BOOST_AUTO_TEST_CASE(many_files_of_one_directory_in_no_order_bring_the_rest) {
  const node& leaf = depth_first[2];
  read_file(leaf, 5);
  BOOST_TEST(out.wanted(want_kind::blobs) == 0U);
  read_file(leaf, 3);
  BOOST_TEST(out.wanted(want_kind::blobs) == 8U);
}

BOOST_AUTO_TEST_CASE(what_came_ahead_and_what_of_it_was_read_is_counted) {
  for (const oid& b : blobs)
    db.tell_size(b, 100);
  const node& leaf = depth_first[2];
  read_file(leaf, 0);
  read_file(leaf, 1);
  const std::size_t ahead = out.wanted(want_kind::blobs);
  BOOST_REQUIRE(ahead > 3U);
  BOOST_TEST(counts.value(counter::prefetch_blobs) == 0U);
  answer_all();
  BOOST_TEST(counts.value(counter::prefetch_blob_bytes) == 100 * counts.value(counter::prefetch_blobs));
  BOOST_TEST(counts.value(counter::prefetch_used_bytes) == 0U);
  read_file(leaf, 2);
  read_file(leaf, 2); // again
  read_file(leaf, 3);
  BOOST_TEST(counts.value(counter::prefetch_used_bytes) == 200U);
}

BOOST_AUTO_TEST_CASE(what_is_read_before_it_came_is_counted_as_read_when_it_comes) {
  for (const oid& b : blobs)
    db.tell_size(b, 100);
  const node& leaf = depth_first[2];
  read_file(leaf, 0);
  read_file(leaf, 1);
  read_file(leaf, 2);
  BOOST_TEST(counts.value(counter::prefetch_used_bytes) == 0U);
  answer_all();
  BOOST_TEST(counts.value(counter::prefetch_used_bytes) == 100U);
}

BOOST_AUTO_TEST_CASE(where_sizes_cost_contents_only_who_asks_for_sizes_is_followed) {
  for (std::size_t i = 0; i < 40; ++i)
    plan.listed(depth_first[i].link);
  answer_all(ENOTSUP); // the server cannot tell sizes
  out.requested.clear();
  plan.listed(depth_first[40].link);
  BOOST_TEST(out.requested.empty());
  for (std::size_t i = 41; i < 45; ++i) {
    plan.listed(depth_first[i].link);
    plan.statted(depth_first[i].link);
  }
  BOOST_REQUIRE(!out.requested.empty());
  BOOST_TEST(std::all_of(out.requested.begin(), out.requested.end(), [](const want& w) { return w.worth_contents; }));
  answer_all();
  // From now on it does not have to wait for sizes any more, and is known all the same.
  const std::size_t before = out.wanted(want_kind::sizes);
  for (std::size_t i = 45; i < 120; ++i) {
    plan.listed(depth_first[i].link);
    answer_all();
  }
  BOOST_TEST(out.wanted(want_kind::sizes) > before);
}

// That the server cannot tell sizes is known when the first answer comes: the walker is on his way by then.
BOOST_AUTO_TEST_CASE(a_stat_walk_begins_where_it_began) {
  for (std::size_t i = 0; i < 3; ++i) {
    plan.listed(depth_first[i].link);
    plan.statted(depth_first[i].link);
  }
  const auto of_stats = [&] {
    return std::ranges::any_of(out.requested, [](const want& w) { return w.worth_contents; });
  };
  BOOST_TEST(!of_stats());
  answer_all(ENOTSUP);
  BOOST_TEST(of_stats());
}

BOOST_AUTO_TEST_CASE(forgetting_where_a_reader_was_cancels_what_it_was_to_get) {
  const node& leaf = depth_first[2];
  read_file(leaf, 0);
  read_file(leaf, 1);
  BOOST_REQUIRE(!out.requested.empty());
  plan.forgotten(*depth_first[20].link);
  BOOST_TEST(out.cancelled.empty());
  plan.forgotten(*leaf.link);
  BOOST_TEST(out.cancelled.size() == out.requested.size());
  BOOST_TEST(counts.value(counter::prefetch_cancelled) == out.cancelled.size());
}

BOOST_AUTO_TEST_CASE(a_move_cancels_what_was_wanted_and_readers_of_the_old_snapshot_are_ignored) {
  for (std::size_t i = 0; i < 5; ++i)
    plan.listed(depth_first[i].link);
  BOOST_REQUIRE(!out.requested.empty());
  const auto requested = out.requested.size();
  directory_location moved = *depth_first[0].link;
  moved.shown = std::make_shared<const shown_snapshot>();
  plan.moved(moved);
  BOOST_TEST(out.cancelled.size() == requested);
  BOOST_TEST(plan.walkers().empty());
  for (const node& each : depth_first)
    plan.listed(each.link);
  BOOST_TEST(out.requested.size() == requested);
  std::map<directory_location_ptr, directory_location_ptr> links; // parents come first
  for (const node& each : depth_first) {
    auto now = std::make_shared<directory_location>(*each.link);
    now->shown = moved.shown;
    if (now->parent)
      now->parent = links.at(now->parent);
    plan.listed(links[each.link] = now);
  }
  BOOST_TEST(out.requested.size() > requested);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
