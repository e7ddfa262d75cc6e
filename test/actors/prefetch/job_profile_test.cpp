// What a profile says is wanted ahead of the job, in few wants; a profile that does not fit is dropped.
#include "actors/prefetch/job_profile.hpp"
#include "actors/prefetch/prefetch_plan.hpp"
#include "test/actors/support/walked_tree.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace gitfs::test {

namespace job_profile {

namespace {

struct profile_fixture : walked_tree {
  profile_fixture() : walked_tree(4, 5, 6) {
    for (const walked_node& each : nodes)
      for (child_index i = 0; i < each.tree.entries.size(); ++i)
        if (each.tree.entries[i].kind == entry_kind::file)
          files.push_back({&each, i});
  }

  std::string path_of_file(std::size_t which) const {
    const auto& [node, i] = files.at(which);
    return path_of(*node->link) + "/" + node->tree.entries.at(i).name;
  }
  const oid& id_of(std::size_t which) const {
    const auto& [node, i] = files.at(which);
    return node->tree.entries.at(i).id;
  }
  // Of each so many files one.
  std::vector<profile_entry> each_of(std::size_t step, std::uint8_t size_class = 10) const {
    std::vector<profile_entry> all;
    for (std::size_t i = 0; i < files.size(); i += step)
      all.push_back({static_cast<std::uint32_t>(all.size() + 1), size_class, "", path_of_file(i)});
    return all;
  }
  void use(std::vector<profile_entry> entries) { plan.use_profile(commit, root->tree, std::move(entries)); }
  void read(std::size_t which) {
    const auto& [node, i] = files.at(which);
    plan.read(node->link, i, node->tree.entries.at(i).name, id_of(which));
  }
  void miss(std::size_t which) {
    read(which);
    plan.missed(files.at(which).first->link, files.at(which).second, id_of(which));
  }
  std::size_t wants(want_kind kind) const {
    return static_cast<std::size_t>(std::ranges::count(out.requested, kind, &want::kind));
  }

  recorded_readahead out;
  counters counts;
  const std::vector<walked_node> nodes = depth_first();
  gitfs::prefetch_plan plan{db, out, counts, 64U << 20};
  std::vector<std::pair<const walked_node*, child_index>> files; // 120
  const oid commit = commit_at(1);
};

} // namespace

} // namespace job_profile

BOOST_FIXTURE_TEST_SUITE(job_profile, job_profile::profile_fixture)

BOOST_AUTO_TEST_CASE(all_contents_are_one_want_as_speculation) {
  use(each_of(2));
  BOOST_TEST(wants(want_kind::blobs) == 1U);
  BOOST_TEST(wants(want_kind::trees) == 0U);
  BOOST_TEST(out.wanted(want_kind::blobs) == 60U);
  for (const want& each : out.requested) {
    BOOST_TEST((each.how == urgency::speculation));
    BOOST_TEST((each.commit == commit));
  }
}

// Whoever reads in a folder mostly stats other files of it.
BOOST_AUTO_TEST_CASE(sizes_of_folders_in_which_is_read_are_one_want) {
  use(each_of(2));
  BOOST_TEST(wants(want_kind::sizes) == 1U);
  BOOST_TEST(out.wanted(want_kind::sizes) == 60U);
}

BOOST_AUTO_TEST_CASE(one_file_of_a_large_folder_brings_no_sizes) {
  gitfs::job_profile one{db, out, {.few = 2, .large = 5}};
  one.begin(commit, root->tree, {{1, 1, "", path_of_file(0)}});
  BOOST_TEST(out.wanted(want_kind::sizes) == 0U);
  one.begin(commit, root->tree, {{1, 1, "", path_of_file(0)}, {2, 1, "", path_of_file(1)}});
  BOOST_TEST(out.wanted(want_kind::sizes) == 4U);
}

BOOST_AUTO_TEST_CASE(sizes_of_a_named_folder_are_wanted_and_no_contents) {
  std::string folder = path_of(*files.front().first->link) + "/";
  use({{1, unknown_size_class, "", std::move(folder)}});
  BOOST_TEST(wants(want_kind::blobs) == 0U);
  BOOST_TEST(out.wanted(want_kind::sizes) == 6U);
}

BOOST_AUTO_TEST_CASE(missing_trees_are_one_want_for_each_level) {
  for (const oid& each : leaf_trees)
    db.hide(each);
  use(each_of(2));
  BOOST_REQUIRE(wants(want_kind::trees) == 1U);
  BOOST_TEST(out.wanted(want_kind::trees) == leaf_trees.size());
  BOOST_TEST(wants(want_kind::blobs) == 0U);
  for (const oid& each : leaf_trees)
    db.show(each);
  plan.finished(out.requested.front().id, {});
  BOOST_TEST(wants(want_kind::trees) == 1U);
  BOOST_TEST(out.wanted(want_kind::blobs) == 60U);
}

BOOST_AUTO_TEST_CASE(trees_that_do_not_come_are_asked_for_once) {
  for (const oid& each : leaf_trees)
    db.hide(each);
  use(each_of(2));
  plan.finished(out.requested.front().id, {EIO, {}});
  BOOST_TEST(out.requested.size() == 1U);
}

BOOST_AUTO_TEST_CASE(paths_that_are_not_there_are_passed_over) {
  auto all = each_of(20);
  for (const char* each : {"no", "no/such/path", "no/folder/", "*", "**", "[a-z]*/**"})
    all.push_back({99, 10, "", each});
  all.push_back({99, 10, "", path_of_file(0) + "/below"});
  const std::size_t here = each_of(20).size();
  use(std::move(all));
  BOOST_TEST(out.wanted(want_kind::blobs) == here);
}

// 60 files of 1 MB, in windows of 8 MB.
BOOST_AUTO_TEST_CASE(contents_leave_in_windows_of_the_budget) {
  gitfs::job_profile one{db, out, {.bytes = 8U << 20}};
  one.number_wants_from(1);
  one.begin(commit, root->tree, each_of(2, 20));
  BOOST_TEST(out.wanted(want_kind::blobs) == 16U);
  BOOST_TEST(wants(want_kind::blobs) == 1U);
  for (std::size_t i = 0; i < 16; i += 2)
    BOOST_TEST(one.was_wanted(id_of(i)));
  BOOST_TEST(out.wanted(want_kind::blobs) == 16U); // a window is still ahead of the job
  one.was_wanted(id_of(16));
  BOOST_TEST(out.wanted(want_kind::blobs) == 25U);
  BOOST_TEST(wants(want_kind::blobs) == 2U);
}

// Their contents come in time, but a job may stat them before.
BOOST_AUTO_TEST_CASE(sizes_of_files_beyond_the_windows_are_wanted_at_once) {
  gitfs::job_profile one{db, out, {.bytes = 8U << 20}};
  one.begin(commit, root->tree, each_of(1, 20));
  BOOST_TEST(out.wanted(want_kind::blobs) == 16U);
  BOOST_TEST(out.wanted(want_kind::sizes) == 104U);
}

// Nothing more is wanted for a walk that the profile has told of.
BOOST_AUTO_TEST_CASE(a_listing_that_was_foreseen_is_no_walk) {
  std::vector<profile_entry> all;
  for (const walked_node& each : nodes)
    if (!is_root(*each.link))
      all.push_back({static_cast<std::uint32_t>(all.size() + 1), unknown_size_class, "", path_of(*each.link) + "/"});
  all.resize(all.size() / 2);
  use(std::move(all));
  const std::size_t before = out.requested.size();
  for (std::size_t i = 1; i <= nodes.size() / 2; ++i)
    plan.listed(nodes[i].link);
  BOOST_TEST(out.requested.size() == before);
  for (std::size_t i = nodes.size() / 2 + 1; i < nodes.size(); ++i)
    plan.listed(nodes[i].link);
  BOOST_TEST(out.requested.size() > before);
}

// One that was read late in the run before.
BOOST_AUTO_TEST_CASE(a_file_beyond_the_windows_brings_one_more) {
  gitfs::job_profile one{db, out, {.bytes = 8U << 20}};
  one.begin(commit, root->tree, each_of(2, 20));
  BOOST_TEST(!one.was_wanted(id_of(118)));
  BOOST_TEST(out.wanted(want_kind::blobs) == 32U);
  for (std::size_t i = 0; i < 32; i += 2)
    BOOST_TEST(one.was_wanted(id_of(i)));
  BOOST_TEST(out.wanted(want_kind::blobs) == 32U);
  BOOST_TEST(one.was_wanted(id_of(48)));
  BOOST_TEST(out.wanted(want_kind::blobs) == 41U);
}

// A hostile one costs at most two windows.
BOOST_AUTO_TEST_CASE(a_profile_that_misses_is_dropped_with_what_is_on_its_way) {
  use(each_of(2));
  const std::size_t before = out.requested.size();
  for (std::size_t i = 1; i < 31; i += 2)
    miss(i);
  BOOST_TEST(out.cancelled.empty());
  BOOST_TEST(plan.uses_profile());
  miss(31);
  BOOST_TEST(out.cancelled.size() == before);
  BOOST_TEST(!plan.uses_profile());
}

BOOST_AUTO_TEST_CASE(a_profile_that_foresees_enough_stays) {
  use(each_of(2));
  for (std::size_t i = 0; i < 120; ++i)
    miss(i);
  BOOST_TEST(plan.uses_profile());
}

BOOST_AUTO_TEST_CASE(another_snapshot_ends_it) {
  use(each_of(2));
  const auto moved = root_link(root->tree, 2);
  plan.moved(*moved);
  BOOST_TEST(!plan.uses_profile());
  use(each_of(2)); // of the commit before
  BOOST_TEST(!plan.uses_profile());
}

BOOST_AUTO_TEST_CASE(looking_up_paths_is_put_off_where_that_is_possible) {
  gitfs::job_profile one{db, out, {.slice = 5}};
  out.puts_off = true;
  one.begin(commit, root->tree, each_of(2));
  BOOST_TEST(out.requested.empty());
  for (int i = 0; i < 10 && out.requested.empty(); ++i)
    one.due();
  BOOST_TEST(out.wanted(want_kind::blobs) == 60U);
  BOOST_TEST(out.laters == 4);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
