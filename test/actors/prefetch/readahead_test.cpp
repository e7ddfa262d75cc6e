// Who is recognised as a walker, and what is wanted ahead of one.
#include "actors/prefetch/readahead.hpp"
#include "test/actors/support/walked_tree.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <set>

namespace gitfs::test {

namespace readahead {

namespace {

// 20 directories of 10 directories of 3 files.
struct wide_tree : walked_tree {
  wide_tree() : walked_tree(20, 10, 3) {}

  std::vector<directory_location_ptr> directories() {
    std::vector<directory_location_ptr> links;
    for (walked_node& each : depth_first())
      links.push_back(std::move(each.link));
    return links;
  }

  recorded_readahead out;
};

constexpr gitfs::readahead::limits small{.first = 4, .growth = 4, .most = 1000, .bytes = 1U << 20, .streams = 3};

// Readers as they come.
class readahead_at : public gitfs::readahead {
public:
  using gitfs::readahead::readahead;
  void at(const directory_location_ptr& directory, child_index file = 0) {
    if (!follow(directory, file))
      begin(directory, file);
  }
};

} // namespace

} // namespace readahead

BOOST_FIXTURE_TEST_SUITE(readahead, readahead::wide_tree)

BOOST_AUTO_TEST_CASE(positions_are_ordered_as_a_walk) {
  const auto order = directories();
  BOOST_REQUIRE_EQUAL(order.size(), 221U);
  for (std::size_t i = 1; i < order.size(); ++i)
    BOOST_REQUIRE(before(walk_order::depth_first, position_of(*order[i - 1]), position_of(*order[i])));
}

BOOST_AUTO_TEST_CASE(a_cursor_visits_everything_once_from_anywhere) {
  for (auto [start, expected] : {std::pair{root, 820U}}) {
    tree_cursor c{db, start, 0};
    unsigned seen = 0;
    tree_position last;
    for (; c.peek(); c.step(), ++seen) {
      BOOST_REQUIRE((last < c.position()));
      last = c.position();
    }
    BOOST_TEST(seen == expected); // 20 + 200 directories and 600 files
  }
  const auto order = directories();
  tree_cursor c{db, order[12], 0}; // the second top directory
  unsigned seen = 0;
  for (; c.peek(); c.step())
    ++seen;
  BOOST_TEST(seen == 19U * 40 + 18);
}

BOOST_AUTO_TEST_CASE(a_walk_is_covered_in_a_logarithm_of_requests) {
  readahead_at ahead{gitfs::readahead::kind::listings, walk_order::depth_first, db, out, small};
  for (const auto& d : directories())
    ahead.at(d);
  BOOST_TEST(out.wanted(want_kind::sizes) == blobs.size());
  BOOST_TEST(out.requested.size() <= 5U);
  BOOST_TEST(out.open == 0);
}

BOOST_AUTO_TEST_CASE(every_size_is_wanted_before_its_directory_is_listed) {
  readahead_at ahead{gitfs::readahead::kind::listings, walk_order::depth_first, db, out, small};
  std::set<oid> wanted;
  std::size_t late = 0, seen = 0;
  for (const auto& d : directories()) {
    for (const auto& w : out.requested)
      wanted.insert(w.ids.begin(), w.ids.end());
    const auto tree = parse_tree(db.read(d->tree).value().data());
    for (const auto& e : tree.value().entries)
      if (e.kind == entry_kind::file) {
        ++seen;
        late += wanted.contains(e.id) ? 0 : 1;
      }
    ahead.at(d);
  }
  BOOST_TEST(seen == blobs.size());
  BOOST_TEST(late <= 3U); // the first leaf's, before anyone could know that this is a walk
}

BOOST_AUTO_TEST_CASE(one_listing_is_no_walk) {
  readahead_at ahead{gitfs::readahead::kind::listings, walk_order::depth_first, db, out, small};
  ahead.at(directories()[5]);
  BOOST_TEST(out.requested.empty());
}

BOOST_AUTO_TEST_CASE(random_listings_widen_nothing) {
  readahead_at ahead{gitfs::readahead::kind::listings, walk_order::depth_first, db, out, small};
  const auto order = directories();
  for (std::size_t i : {200U, 17U, 120U, 60U, 3U, 180U, 90U, 150U})
    ahead.at(order[i]);
  BOOST_TEST(out.requested.empty());
}

BOOST_AUTO_TEST_CASE(two_walkers_are_told_apart) {
  readahead_at ahead{gitfs::readahead::kind::listings, walk_order::depth_first, db, out, small};
  const auto order = directories();
  for (std::size_t i = 0; i < 60; ++i) {
    ahead.at(order[i]);
    ahead.at(order[110 + i]);
  }
  BOOST_TEST(out.wanted(want_kind::sizes) >= 2U * 40 * 3);
  BOOST_TEST(out.requested.size() <= 10U);
}

BOOST_AUTO_TEST_CASE(trees_that_are_not_here_are_brought_in_batches_and_the_walk_goes_on) {
  for (std::size_t i = 0; i < leaf_trees.size(); ++i)
    db.hide(leaf_trees[i]);
  readahead_at ahead{gitfs::readahead::kind::listings, walk_order::depth_first, db, out, small};
  const auto top = root;
  ahead.at(top);
  // The walker is in the first middle directory; its leaves are missing.
  auto tree = parse_tree(db.read(root->tree).value().data()).value();
  auto first =
      std::make_shared<directory_location>(directory_location{root, 0, tree.entries[0].id, 0, tree.entries[0].name});
  ahead.at(first);
  BOOST_REQUIRE(!out.requested.empty());
  const auto trees = out.requested.back();
  BOOST_TEST((trees.kind == want_kind::trees));
  BOOST_TEST(trees.ids.size() > 1U);
  for (const oid& t : trees.ids)
    db.show(t);
  ahead.finished(trees.id, {0, {}});
  BOOST_TEST(out.wanted(want_kind::sizes) > 0U);
}

// Two windows may part in the middle of a directory, at their limit or at a tree that is missing.
BOOST_AUTO_TEST_CASE(nothing_is_left_out_between_two_windows) {
  const auto order = directories();
  gitfs::readahead::limits limits = small;
  limits.bytes = 5 * assumed_blob_size; // directories have three files
  readahead_at stats{gitfs::readahead::kind::stats, walk_order::depth_first, db, out, limits};
  for (const auto& d : order)
    stats.at(d);
  BOOST_TEST(out.wanted(want_kind::sizes) == blobs.size());

  recorded_readahead requested;
  readahead_at listings{gitfs::readahead::kind::listings, walk_order::depth_first, db, requested, small};
  db.hide(leaf_trees[2]);
  listings.at(root);
  listings.at(order[1]);
  BOOST_REQUIRE((requested.requested.back().kind == want_kind::trees));
  const want_id trees = requested.requested.back().id;
  db.show(leaf_trees[2]);
  listings.at(order[2]); // before it is told that the tree has come
  listings.finished(trees, {0, {}});
  for (std::size_t i = 3; i < order.size(); ++i)
    listings.at(order[i]);
  BOOST_TEST(requested.wanted(want_kind::sizes) == blobs.size());
}

BOOST_AUTO_TEST_CASE(what_a_walker_waits_for_is_no_part_of_the_window) {
  walked_tree long_ones{4, 3, 40};
  gitfs::readahead::limits limits = small;
  limits.bytes = 10 * assumed_blob_size;
  limits.windows_ahead = 2;
  readahead_at ahead{gitfs::readahead::kind::stats, walk_order::depth_first, long_ones.db, out, limits};
  const auto order = long_ones.depth_first();
  for (std::size_t i = 0; i < 4; ++i) // he stands in the second of these directories of 40 files
    ahead.at(order[i].link);
  const auto is_wanted = [&](const oid& id) {
    return std::ranges::any_of(out.requested, [&](const want& w) { return std::ranges::count(w.ids, id) != 0; });
  };
  BOOST_TEST(is_wanted(long_ones.blobs[79]));
  BOOST_TEST(is_wanted(long_ones.blobs[80])); // of the next one
  BOOST_TEST(!is_wanted(long_ones.blobs[119]));
}

BOOST_AUTO_TEST_CASE(missing_trees_are_asked_for_beyond_the_window) {
  const auto order = directories();
  for (const oid& t : leaf_trees)
    db.hide(t);
  readahead_at ahead{gitfs::readahead::kind::listings, walk_order::depth_first, db, out, small};
  ahead.at(root);
  ahead.at(order[1]);
  BOOST_TEST(out.wanted(want_kind::trees) == leaf_trees.size());
  BOOST_TEST(out.requested.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_tree_that_cannot_be_had_ends_the_guessing) {
  for (const oid& t : leaf_trees)
    db.hide(t);
  readahead_at ahead{gitfs::readahead::kind::listings, walk_order::depth_first, db, out, small};
  ahead.at(root);
  auto tree = parse_tree(db.read(root->tree).value().data()).value();
  ahead.at(
      std::make_shared<directory_location>(directory_location{root, 0, tree.entries[0].id, 0, tree.entries[0].name}));
  const auto requested = out.requested.size();
  ahead.finished(out.requested.back().id, {EIO, {}});
  BOOST_TEST(out.requested.size() == requested);
}

BOOST_AUTO_TEST_CASE(a_first_read_speculates_on_nothing) {
  readahead_at ahead{gitfs::readahead::kind::contents, walk_order::depth_first, db, out, small};
  const auto order = directories();
  for (std::size_t i = 2; i < order.size(); i += 12)
    ahead.at(order[i], 1); // one file of each of many directories
  BOOST_TEST(out.requested.empty());
}

BOOST_AUTO_TEST_CASE(reading_siblings_widens_across_directories_up_to_the_byte_limit) {
  for (const oid& b : blobs)
    db.tell_size(b, 10'000);
  readahead_at ahead{gitfs::readahead::kind::contents,
                     walk_order::depth_first,
                     db,
                     out,
                     {.first = 4, .growth = 4, .most = 1000, .bytes = 200'000, .streams = 3}};
  for (const auto& d : directories()) {
    const auto tree = parse_tree(db.read(d->tree).value().data()).value();
    for (std::size_t i = 0; i < tree.entries.size(); ++i)
      if (tree.entries[i].kind == entry_kind::file)
        ahead.at(d, static_cast<child_index>(i));
  }
  BOOST_TEST(out.wanted(want_kind::blobs) >= blobs.size() - 1);
  for (const auto& w : out.requested)
    BOOST_TEST(w.ids.size() <= 20U);
  BOOST_TEST(out.requested.size() <= 40U);
}

BOOST_AUTO_TEST_CASE(a_stream_that_is_dropped_cancels_what_it_wanted) {
  readahead_at ahead{gitfs::readahead::kind::listings, walk_order::depth_first, db, out, small};
  const auto order = directories();
  ahead.at(order[0]);
  ahead.at(order[1]); // widens: something is in flight
  BOOST_REQUIRE(!out.requested.empty());
  for (std::size_t i : {210U, 150U, 100U, 200U, 120U}) // who only turns up somewhere does not push it out
    ahead.at(order[i]);
  BOOST_TEST(out.cancelled.empty());
  const std::size_t of_it = out.requested.size();
  for (std::size_t i : {60U, 110U, 160U}) { // three that walk do
    ahead.at(order[i]);
    ahead.at(order[i + 1]);
    BOOST_TEST(out.requested.size() > of_it);
  }
  BOOST_TEST(out.cancelled.size() == of_it);
}

// A small store may evict what was fetched ahead before the reader is there.
BOOST_AUTO_TEST_CASE(what_was_evicted_is_asked_for_ahead_again) {
  readahead_at ahead{gitfs::readahead::kind::contents, walk_order::depth_first, db, out, small};
  const auto order = directories();
  std::vector<directory_location_ptr> leaves;
  for (const auto& d : order)
    if (position_of(*d).size() == 2)
      leaves.push_back(d);
  const auto read = [&](std::size_t file) { ahead.at(leaves[file / 3], static_cast<child_index>(file % 3)); };
  const auto answer_all = [&] {
    for (const want& w : std::vector<want>{out.requested})
      ahead.finished(w.id, {0, {}});
  };
  for (std::size_t file = 0; file < 6; ++file)
    read(file);
  BOOST_TEST(out.wanted(want_kind::blobs) > 10U);
  const std::size_t before = out.requested.size();
  ahead.missed(leaves[2], 0, blobs[6]); // what is on its way is no reason
  BOOST_TEST(out.requested.size() == before);
  answer_all();
  for (const oid& id : blobs)
    db.show(id);
  ahead.missed(leaves[2], 0, blobs[6]); // nor is what has just come
  for (const oid& id : blobs)
    db.hide(id);
  out.requested.clear();
  read(6);
  for (const want& w : out.requested)
    BOOST_TEST((std::ranges::find(w.ids, blobs[7]) == w.ids.end())); // it was asked for before
  answer_all();
  out.requested.clear();
  ahead.missed(leaves[2], 0, blobs[6]);
  for (std::size_t file = 7; file < 10; ++file)
    read(file);
  BOOST_TEST(out.wanted(want_kind::blobs) > 3U);
}

BOOST_AUTO_TEST_CASE(nothing_is_wanted_outside_of_what_the_reader_has_stayed_in) {
  readahead_at ahead{gitfs::readahead::kind::contents, walk_order::depth_first, db, out, small};
  const auto order = depth_first(); // the root, a directory, ten in it, the next directory
  const auto read_all = [&](const walked_node& leaf) {
    for (child_index file = 0; file < 3; ++file)
      ahead.at(leaf.link, file);
  };
  read_all(order[2]);
  BOOST_TEST(out.wanted(want_kind::blobs) <= 3U);
  for (std::size_t i = 3; i < 12; ++i)
    read_all(order[i]);
  BOOST_TEST(out.wanted(want_kind::blobs) == 29U); // but the first, which is fetched by itself
  read_all(order[13]);
  BOOST_TEST(out.wanted(want_kind::blobs) > 31U);
}

BOOST_AUTO_TEST_CASE(who_leaves_out_most_files_is_no_reader_of_all) {
  for (const std::size_t step : {1U, 2U, 6U}) {
    recorded_readahead requested;
    readahead_at ahead{gitfs::readahead::kind::contents, walk_order::depth_first, db, requested, small};
    std::vector<directory_location_ptr> leaves;
    for (const auto& d : directories())
      if (position_of(*d).size() == 2)
        leaves.push_back(d);
    const auto read = [&](std::size_t file) {
      ahead.at(leaves[file / 3], static_cast<child_index>(file % 3));
      for (std::size_t i = 0; i < requested.requested.size(); ++i)
        ahead.finished(requested.requested[i].id, {0, {}});
    };
    for (std::size_t file = 0; file < 8; ++file) // as one who reads all
      read(file);
    for (std::size_t file = 8; file < 600; file += step)
      read(file);
    if (step == 6)
      BOOST_TEST(requested.wanted(want_kind::blobs) < 200U); // the guess was given up
    else
      BOOST_TEST(requested.wanted(want_kind::blobs) >= 590U);
  }
}

BOOST_AUTO_TEST_CASE(who_reads_all_is_never_given_up) {
  for (const auto kind : {gitfs::readahead::kind::contents, gitfs::readahead::kind::stats})
    for (unsigned windows = 0; windows < 3; ++windows)
      for (std::size_t first = 1; first < 9; ++first) {
        recorded_readahead requested;
        gitfs::readahead::limits limits = small;
        limits.windows_ahead = windows;
        limits.first = first;
        readahead_at ahead{kind, walk_order::depth_first, db, requested, limits};
        for (const walked_node& each : depth_first())
          if (kind == gitfs::readahead::kind::stats)
            ahead.at(each.link);
          else
            for (child_index i = 0; i < each.tree.entries.size(); ++i)
              if (each.tree.entries[i].kind == entry_kind::file)
                ahead.at(each.link, i);
        BOOST_TEST(requested.cancelled.empty(), "first " << first << ", " << windows << " windows ahead");
      }
}

BOOST_AUTO_TEST_CASE(who_left_is_not_waited_for) {
  readahead_at ahead{gitfs::readahead::kind::listings, walk_order::depth_first, db, out, small};
  const auto order = directories();
  ahead.at(order[1]); // the first and below
  ahead.at(order[2]);
  ahead.at(order[111]); // another, elsewhere
  ahead.at(order[112]);
  const std::size_t requested = out.requested.size();
  BOOST_REQUIRE(requested >= 2U);
  ahead.forgotten(*order[3]); // nobody was there
  BOOST_TEST(out.cancelled.empty());
  ahead.forgotten(*order[1]);
  BOOST_TEST(!out.cancelled.empty());
  BOOST_TEST(out.cancelled.size() < requested);
  ahead.forgotten(*root);
  BOOST_TEST(out.cancelled.size() == requested);
}

BOOST_AUTO_TEST_CASE(a_breadth_first_cursor_visits_level_by_level) {
  tree_cursor c{db, root, 0, walk_order::breadth_first};
  unsigned seen = 0;
  std::size_t level = 1;
  tree_position last;
  for (; c.peek(); c.step(), ++seen) {
    BOOST_REQUIRE(seen == 0 || before(walk_order::breadth_first, last, c.position()));
    last = c.position();
    BOOST_REQUIRE(last.size() >= level);
    level = last.size();
  }
  BOOST_TEST(seen == 820U);
  BOOST_TEST((c.position() == end_position));
  BOOST_TEST(before(walk_order::breadth_first, last, c.position()));
  BOOST_TEST(!before(walk_order::breadth_first, c.position(), c.position()));
}

// A walk until a window is put off. The listings that are read ahead can be had only from `ahead`.
struct stored_walk : wide_tree {
  static constexpr gitfs::readahead::limits all_at_second{
      .first = 8, .growth = 100, .most = 1000, .bytes = 0, .windows_ahead = 0, .streams = 3};
  memory_budget budget{48U << 20};
  listing_cache ahead{db, budget};
  readahead_at walker{gitfs::readahead::kind::listings, walk_order::depth_first, db, out, all_at_second, &ahead};
  std::vector<directory_location_ptr> order = directories();
  std::size_t at = 0;

  void walk() {
    for (const oid& b : blobs)
      db.tell_size(b, 1);
    out.puts_off = true;
    while (out.laters == 0 && at < 20)
      walker.at(order[at++]);
  }
  bool has(std::size_t which) {
    db.hide(order[which]->tree);
    const bool taken = ahead.take(order[which]->tree).has_value();
    db.show(order[which]->tree);
    return taken;
  }
};

BOOST_FIXTURE_TEST_CASE(a_window_that_is_here_is_put_off, stored_walk) {
  walk();
  BOOST_TEST(out.laters == 1);
  BOOST_TEST(at > 2U); // the first is not: the reader is at its start already
  BOOST_TEST(has(5));
  BOOST_TEST(!has(60));
  walker.due();
  BOOST_TEST(has(60));
  BOOST_TEST(has(220));
  for (; at < order.size(); ++at)
    BOOST_TEST(walker.follow(order[at]));
  BOOST_TEST(out.requested.empty());
  BOOST_TEST(out.laters == 1);
}

BOOST_FIXTURE_TEST_CASE(a_reader_does_not_overtake_a_window_that_was_put_off, stored_walk) {
  walk();
  for (; at < order.size(); ++at)
    BOOST_TEST(walker.follow(order[at]));
  BOOST_TEST(has(200));
  walker.due(); // nothing is left to do
  BOOST_TEST(out.laters == 1);
}

BOOST_FIXTURE_TEST_CASE(a_window_that_must_be_asked_for_is_not_put_off, wide_tree) {
  readahead_at r{gitfs::readahead::kind::listings, walk_order::depth_first, db, out, small};
  out.puts_off = true;
  for (const auto& each : directories())
    r.at(each);
  BOOST_TEST(out.laters == 0);
  BOOST_TEST(out.wanted(want_kind::sizes) == blobs.size());
}

// 40 directories, each with two files and a link. The second window is all the rest.
struct long_window {
  long_window() {
    std::vector<memory_db::entry> top;
    for (int d = 0; d < 40; ++d) {
      std::vector<memory_db::entry> in;
      for (const char* name : {"f", "g"})
        in.push_back({name, entry_kind::file, db.blob("x")});
      in.push_back({"h", entry_kind::symlink, db.blob("f")});
      for (const auto& each : in)
        db.hide(each.id);
      top.push_back({"d" + std::to_string(10 + d), entry_kind::directory, db.tree(in)});
    }
    auto link = std::make_shared<directory_location>();
    link->tree = db.tree(top);
    order.push_back(link);
    for (child_index d = 0; d < 40; ++d)
      order.push_back(std::make_shared<directory_location>(directory_location{link, d, top[d].id, 0, top[d].name}));
  }

  /// Up to where the second window has begun.
  void walk() {
    while (out.wanted(want_kind::sizes) <= 4 * in_each)
      walker.at(order[at++]);
  }
  /// Different objects, in wants from there on.
  std::size_t wanted_since(std::size_t first, want_kind kind) const {
    std::set<oid> ids;
    for (std::size_t i = first; i < out.requested.size(); ++i)
      if (out.requested[i].kind == kind)
        ids.insert(out.requested[i].ids.begin(), out.requested[i].ids.end());
    return ids.size();
  }

  static constexpr std::size_t in_each = 3, rest = 36; // behind the first window
  memory_db db;
  recorded_readahead out;
  std::vector<directory_location_ptr> order;
  std::size_t at = 0;
  readahead_at walker{gitfs::readahead::kind::listings,
                      walk_order::depth_first,
                      db,
                      out,
                      {.first = 4, .growth = 100, .most = 1000, .windows_ahead = 0, .first_sizes = 20, .streams = 3}};
};

BOOST_FIXTURE_TEST_CASE(the_first_sizes_of_a_long_window_leave_before_the_rest, long_window) {
  out.puts_off = true;
  walk();
  BOOST_TEST(out.laters == 1);
  BOOST_TEST((out.requested.back().kind == want_kind::sizes));
  BOOST_TEST(out.requested.back().ids.size() == 21U); // of whole directories
  const std::size_t before = out.requested.size();
  walker.at(order[at++]);
  BOOST_TEST(out.requested.size() == before);
  walker.due();
  BOOST_TEST(wanted_since(before, want_kind::sizes) == rest * in_each - 21);
  BOOST_TEST(wanted_since(before, want_kind::blobs) == rest); // links of both parts in one request
  BOOST_TEST(out.requested.size() == before + 2);
  for (; at < order.size(); ++at)
    walker.at(order[at]);
  walker.due();
  BOOST_TEST(out.requested.size() == before + 2);
  BOOST_TEST(out.open == 0);
}

BOOST_FIXTURE_TEST_CASE(a_reader_who_is_faster_gets_the_rest_of_a_long_window_at_once, long_window) {
  out.puts_off = true;
  walk();
  const std::size_t before = out.requested.size();
  for (; at < order.size() && out.requested.size() == before; ++at)
    walker.at(order[at]);
  BOOST_TEST(at < 15U);
  BOOST_TEST(wanted_since(before, want_kind::sizes) == rest * in_each - 21);
  const std::size_t all = out.requested.size();
  walker.due();
  BOOST_TEST(out.requested.size() == all);
}

BOOST_FIXTURE_TEST_CASE(a_long_window_leaves_whole_where_nothing_can_be_put_off, long_window) {
  walk();
  BOOST_TEST(out.wanted(want_kind::sizes) == (4 + rest) * in_each);
  BOOST_TEST(out.wanted(want_kind::blobs) == 4 + rest);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
