// What is recorded of a job: paths in the order of their first reads, with programs and sizes.
#include "actors/prefetch/run_recorder.hpp"
#include "test/actors/support/walked_tree.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <fstream>
#include <string>
#include <unistd.h>

namespace gitfs::test {

namespace run_recorder {

namespace {

struct recorder_fixture : walked_tree {
  recorder_fixture() : walked_tree(2, 2, 3) {}

  void read(const walked_node& at, child_index i, pid_t caller = 0) {
    const tree_entry& e = at.tree.entries.at(i);
    one.read(*at.link, e.name, e.id, caller, now);
  }
  std::string text(std::size_t rank = 0, std::string_view folder = {}) {
    std::string out;
    for (const profile_entry& each : one.run().entries_from(rank, 1000, folder, db))
      out += profile_line(each) + '\n';
    return out;
  }

  gitfs::run_recorder one;
  gitfs::run_recorder::clock::time_point now = gitfs::run_recorder::clock::now();
  const std::vector<walked_node> nodes = depth_first();
  const walked_node& leaf = nodes.at(2);
  const std::string folder = path_of(*leaf.link);
  const std::string file = leaf.tree.entries.front().name;
};

} // namespace

} // namespace run_recorder

BOOST_FIXTURE_TEST_SUITE(run_recorder, run_recorder::recorder_fixture)

BOOST_AUTO_TEST_CASE(first_reads_in_their_order) {
  read(leaf, 1);
  read(leaf, 0);
  read(leaf, 1);
  one.folder(*leaf.link, now);
  one.folder(*leaf.link, now);
  one.folder(*root, now); // which has no name, and few entries
  const std::string second = leaf.tree.entries.at(1).name;
  BOOST_TEST(text()
             == "1 - - " + folder + "/" + second + "\n2 - - " + folder + "/" + file + "\n3 - - " + folder + "/\n");
  BOOST_TEST(text(3) == "3 - - " + folder + "/\n");
}

BOOST_AUTO_TEST_CASE(below_a_folder_paths_begin_there) {
  read(leaf, 0);
  read(nodes.back(), 0);
  BOOST_TEST(text(0, folder) == "1 - - " + file + "\n");
  BOOST_TEST(text(0, folder.substr(0, folder.size() - 1)).empty()); // it is only the begin of its name
}

BOOST_AUTO_TEST_CASE(sizes_are_those_that_are_known) {
  db.tell_size(leaf.tree.entries.front().id, 5000);
  read(leaf, 0);
  BOOST_TEST(text() == "1 13 - " + folder + "/" + file + "\n");
}

BOOST_AUTO_TEST_CASE(a_program_is_noted_unless_it_is_in_another_pid_namespace) {
  std::ifstream from{"/proc/self/comm"};
  std::string self;
  std::getline(from, self);
  read(leaf, 0, ::getpid());
  read(leaf, 1, 0);
  read(leaf, 2, 99'999'999); // it has ended
  const auto all = one.run().entries_from(0, 10, {}, db);
  BOOST_REQUIRE(all.size() == 3U);
  BOOST_TEST(all[0].program == self);
  BOOST_TEST(all[1].program.empty());
  BOOST_TEST(all[2].program.empty());
}

BOOST_AUTO_TEST_CASE(a_run_ends_when_nobody_has_read_for_a_minute) {
  BOOST_TEST(one.is_over(now));                                      // none has begun
  BOOST_TEST(one.is_over(gitfs::run_recorder::clock::time_point{})); // as the system is booted
  read(leaf, 0);
  BOOST_TEST(!one.is_over(now + std::chrono::milliseconds{59'999}));
  BOOST_TEST(one.is_over(now + std::chrono::seconds{60}));
}

BOOST_AUTO_TEST_CASE(a_long_run_is_bounded) {
  for (int i = 0; i < 20'000; ++i)
    one.read(*leaf.link, std::to_string(i), {}, 0, now);
  BOOST_TEST(one.run().entries.size() == profile::most_entries);
}

BOOST_AUTO_TEST_CASE(paths_that_no_line_holds_are_left_out) {
  one.read(*leaf.link, std::string(250, '\n'), {}, 0, now);
  BOOST_TEST(one.run().entries.empty());
}

BOOST_AUTO_TEST_CASE(folders_that_came_ahead_are_added_once) {
  one.folder(*leaf.link, now);
  one.add_folder(folder + "/");
  one.add_folder("more/");
  BOOST_TEST(text() == "1 - - " + folder + "/\n2 - - more/\n");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
