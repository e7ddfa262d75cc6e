// Folders that are read as a set, in orders that no stream explains.
#include "actors/prefetch/prefetch_plan.hpp"
#include "test/actors/support/walked_tree.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <unordered_set>
#include <vector>

namespace gitfs::test {

namespace folder_sets {

namespace {

struct file_place {
  const walked_node* directory;
  child_index file;
};

struct sets_fixture : walked_tree {
  sets_fixture() : walked_tree(30, 10, 8) {
    for (const walked_node& each : nodes)
      for (child_index i = 0; i < each.tree.entries.size(); ++i)
        if (each.tree.entries[i].kind == entry_kind::file)
          files.push_back({&each, i});
    BOOST_REQUIRE_EQUAL(files.size(), 2400U);
  }

  void list_all() {
    for (const walked_node& each : nodes)
      plan.listed(each.link);
    out.requested.clear(); // sizes, and no contents
  }

  // Each window comes before the next read. Counts what a reader waits for, and what came ahead.
  void read(const file_place& at) {
    const tree_entry& e = at.directory->tree.entries.at(at.file);
    waits += wanted.contains(e.id) ? 0 : 1;
    plan.read(at.directory->link, at.file, e.name, e.id);
    for (; answered < out.requested.size(); ++answered) {
      const want asked = out.requested[answered];
      if (asked.kind == want_kind::blobs)
        wanted.insert(asked.ids.begin(), asked.ids.end());
      plan.finished(asked.id, {});
    }
  }

  recorded_readahead out;
  counters counts;
  const std::vector<walked_node> nodes = depth_first();
  gitfs::prefetch_plan plan{db, out, counts, 64U << 20};
  std::vector<file_place> files; // in walk order
  std::unordered_set<oid> wanted;
  std::size_t answered = 0, waits = 0;
};

std::vector<file_place> backward(std::vector<file_place> files) {
  std::ranges::reverse(files);
  return files;
}

std::vector<file_place> shuffled(std::vector<file_place> files) {
  std::mt19937 random{1};
  for (std::size_t i = files.size(); i > 1; --i)
    std::swap(files[i - 1], files[random() % i]);
  return files;
}

// As two threads that each go backward through their half, in turn.
std::vector<file_place> two_backward(const std::vector<file_place>& files) {
  std::vector<file_place> order;
  for (std::size_t i = files.size() / 2; i-- > 0;)
    order.insert(order.end(), {files[i], files[i + files.size() / 2]});
  return order;
}

// As eight processes that each go forward through files of their own, in turn.
std::vector<file_place> eight_forward(const std::vector<file_place>& files) {
  std::vector<file_place> order;
  for (std::size_t i = 0; i < files.size() / 8; ++i)
    for (std::size_t process = 0; process < 8; ++process)
      order.push_back(files[process * (files.size() / 8) + i]);
  return order;
}

std::vector<file_place> strided(const std::vector<file_place>& files) {
  std::vector<file_place> order;
  for (std::size_t start = 0; start < 7; ++start)
    for (std::size_t i = start; i < files.size(); i += 7)
      order.push_back(files[i]);
  return order;
}

} // namespace

} // namespace folder_sets

BOOST_FIXTURE_TEST_SUITE(folder_sets, folder_sets::sets_fixture)

// Of 2,400 files, in 300 directories.
BOOST_AUTO_TEST_CASE(a_listed_tree_comes_in_few_requests_in_any_order) {
  const struct {
    const char* order;
    std::vector<folder_sets::file_place> reads;
    std::size_t most;
  } rows[] = {
      {"backward", folder_sets::backward(files), 20},           {"two backward", folder_sets::two_backward(files), 30},
      {"eight forward", folder_sets::eight_forward(files), 60}, {"strided", folder_sets::strided(files), 60},
      {"shuffled", folder_sets::shuffled(files), 130},
  };
  for (const auto& row : rows) {
    folder_sets::sets_fixture one;
    one.list_all();
    for (const folder_sets::file_place& each : row.reads) {
      const auto at = static_cast<std::size_t>(each.directory - nodes.data());
      one.read({&one.nodes[at], each.file});
    }
    BOOST_TEST(one.waits + one.answered <= row.most,
               row.order << ": " << one.waits << " waits and " << one.answered << " wants");
    BOOST_TEST(one.wanted.size() + one.waits >= 2400U);
  }
}

BOOST_AUTO_TEST_CASE(who_stops_early_gets_little_in_vain) {
  list_all();
  const auto order = folder_sets::backward(files);
  for (std::size_t i = 0; i < 4; ++i)
    read(order[i]);
  BOOST_TEST(wanted.size() <= 32U);
}

BOOST_AUTO_TEST_CASE(one_file_of_each_listed_directory_makes_no_set) {
  list_all();
  for (std::size_t i = 0; i < 300; ++i)
    read(files[(i * 131 % 300) * 8 + i % 8]);
  BOOST_TEST(wanted.empty());
}

// A compiler reads some headers of each folder; make has listed some of the folders above.
BOOST_AUTO_TEST_CASE(directories_that_are_read_in_part_bring_no_others) {
  plan.listed(root);
  out.requested.clear();
  for (std::size_t leaf = 0, file = 0; leaf < 300; leaf += 5)
    for (std::size_t i = 0; i < 3; ++i, file = (file + 3) % 8) // of no name more often than of another
      read(files[leaf * 8 + file]);
  BOOST_TEST(wanted.size() <= 60U * 8U, wanted.size());
}

BOOST_AUTO_TEST_CASE(a_file_that_came_with_its_look_up_counts_as_read) {
  for (const std::size_t file : {6U, 1U}) {
    const tree_entry& e = files[file].directory->tree.entries.at(files[file].file);
    plan.looked_up(files[file].directory->link, e.id);
    db.show(e.id);
    read(files[file]);
  }
  BOOST_TEST(wanted.size() == 6U);
}

BOOST_AUTO_TEST_CASE(files_that_are_here_make_no_set) {
  for (const std::size_t file : {6U, 1U, 3U}) {
    db.show(files[file].directory->tree.entries.at(files[file].file).id);
    read(files[file]);
  }
  BOOST_TEST(wanted.empty());
}

BOOST_AUTO_TEST_CASE(forgetting_a_set_cancels_what_it_was_to_get) {
  list_all();
  const auto order = folder_sets::backward(files);
  for (std::size_t i = 0; i < 2; ++i) {
    const tree_entry& e = order[i].directory->tree.entries.at(order[i].file);
    plan.read(order[i].directory->link, order[i].file, e.name, e.id);
  }
  BOOST_REQUIRE(!out.requested.empty());
  plan.forgotten(*order[0].directory->link);
  BOOST_TEST(std::ranges::count(out.cancelled, out.requested.back().id) == 1);
}

// As under a memory limit: each reader's directory is forgotten now and then, and what it has read still counts.
BOOST_AUTO_TEST_CASE(a_kernel_that_forgets_directories_does_not_begin_anew) {
  list_all();
  std::size_t reads = 0;
  for (const folder_sets::file_place& each : folder_sets::shuffled(files)) {
    read(each);
    if (++reads % 4 == 0)
      plan.forgotten(*each.directory->link);
  }
  BOOST_TEST(waits + answered <= 200U, waits << " waits and " << answered << " wants");
}

BOOST_AUTO_TEST_CASE(a_mount_without_sets_is_replayed_with_busy_directories) {
  gitfs::prefetch_plan before{db, out, counts, 64U << 20, nullptr, false};
  for (const std::size_t i : {5U, 1U, 7U, 3U}) {
    const tree_entry& e = files[i].directory->tree.entries.at(files[i].file);
    before.read(files[i].directory->link, files[i].file, e.name, e.id);
  }
  BOOST_REQUIRE_EQUAL(out.requested.size(), 1U);
  BOOST_TEST((reader_way_of(out.requested[0].id) == reader_way::busy));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
