// Directories above the repositories: what they ask the catalog, who waits, and how one becomes the root of a snapshot.
#include "actors/prefetch/tree_cursor.hpp"
#include "test/actors/support/fakes.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cerrno>

#include <sys/stat.h>

namespace gitfs::test {

namespace mount_node {

namespace {

struct above : directory_fixture {
  oid file = db->blob("x"), root = db->tree({{"file", entry_kind::file, file}});

  above() { open_place(); }
  want_id last() const { return port.mount_nodes.back().first; }
};

} // namespace

} // namespace mount_node

BOOST_FIXTURE_TEST_SUITE(mount_node, mount_node::above)

BOOST_AUTO_TEST_CASE(a_folder_is_asked_for_once_and_complete_then) {
  auto list = readdir();
  auto again = readdir();
  BOOST_REQUIRE_EQUAL(port.mount_nodes.size(), 1U);
  BOOST_TEST(port.mount_nodes[0].second.empty());
  dir->node_answered(last(), {.names = {"a", "b"}, .complete = true});
  BOOST_TEST((list.answered->what == answer::kind::dirents));
  BOOST_TEST(again.answered->entries.size() == 4U);
  auto found = lookup("a");
  BOOST_TEST((found.answered->what == answer::kind::entry));
  BOOST_TEST((found.answered->node.attr.mode & S_IFMT) == static_cast<unsigned>(S_IFDIR));
  BOOST_TEST(found.answered->node.attr.time == context->began);
  BOOST_TEST((lookup("c").answered->what == answer::kind::absent));
  BOOST_TEST(readdir(4).answered->entries.empty());
  BOOST_TEST(port.changes.empty()); // the kernel may keep it
  BOOST_TEST(port.mount_nodes.size() == 1U);
  BOOST_TEST(port.requested.empty()); // nothing is wanted ahead of anybody
}

BOOST_AUTO_TEST_CASE(getattr_asks_nobody) {
  auto attr = send(self_child, getattr_op{});
  BOOST_TEST((attr.answered->what == answer::kind::attr));
  BOOST_TEST(attr.answered->attr.time == context->began);
  BOOST_TEST(port.mount_nodes.empty());
}

BOOST_AUTO_TEST_CASE(one_that_is_a_repository_becomes_the_root_of_its_snapshot) {
  auto found = lookup("file");
  auto list = readdir();
  BOOST_TEST(port.mount_nodes.size() == 2U); // about one name, and about all
  const shown_ptr shown = snapshot(root);
  dir->node_answered(port.mount_nodes[0].first, {.shown = shown});
  BOOST_TEST((found.answered->what == answer::kind::entry));
  BOOST_TEST(found.answered->node.attr.time == file_time_of(77));
  BOOST_REQUIRE(port.stood_at);
  BOOST_TEST(port.stood_at->shown == shown);
  BOOST_TEST((port.stood_at->tree == root));
  dir->node_answered(port.mount_nodes[1].first, {.shown = shown});
  BOOST_TEST(list.answered->entries.size() == 3U);
  BOOST_TEST((lookup("none").answered->what == answer::kind::absent));
  BOOST_TEST(send(self_child, getattr_op{}).answered->attr.time == file_time_of(77));
}

BOOST_AUTO_TEST_CASE(a_failure_is_shared_by_those_who_waited_and_not_remembered) {
  auto one = readdir(), two = readdir();
  dir->node_answered(last(), {.code = ENOENT});
  BOOST_TEST((one.answered->what == answer::kind::error));
  BOOST_TEST(one.answered->code == EIO); // ENOENT would look like the end of an empty folder
  BOOST_TEST(two.answered->code == EIO);
  auto again = readdir();
  BOOST_REQUIRE_EQUAL(port.mount_nodes.size(), 2U);
  dir->node_answered(last(), {.complete = true});
  BOOST_TEST((again.answered->what == answer::kind::dirents));
}

BOOST_AUTO_TEST_CASE(in_a_host_each_name_is_asked_for_and_its_absence_is_not_kept) {
  auto a = lookup("a"), b = lookup("b"), a_again = lookup("a");
  BOOST_REQUIRE_EQUAL(port.mount_nodes.size(), 2U);
  dir->node_answered(port.mount_nodes[0].first, {.names = {"a"}});
  BOOST_TEST((a.answered->what == answer::kind::entry));
  BOOST_TEST((a_again.answered->what == answer::kind::entry));
  dir->node_answered(port.mount_nodes[1].first, {.names = {"a"}});
  BOOST_TEST((b.answered->what == answer::kind::error));
  BOOST_TEST(b.answered->code == ENOENT);
  BOOST_TEST((lookup("a").answered->what == answer::kind::entry));
  BOOST_TEST(port.mount_nodes.size() == 2U); // it is known
  auto list = readdir();
  BOOST_TEST(port.mount_nodes.size() == 3U); // each time
  dir->node_answered(last(), {.names = {"a", "c"}});
  BOOST_TEST(list.answered->entries.size() == 4U);
  BOOST_TEST(readdir(3).answered->entries.size() == 1U); // goes on with what was listed
  BOOST_TEST(port.changes.empty());
  BOOST_TEST(readdir(4).answered->entries.empty());
  BOOST_REQUIRE_EQUAL(port.changes.size(), 1U); // the kernel is not to keep what it took for all
  BOOST_TEST(port.changes[0].names.empty());
  BOOST_TEST((port.changes[0].nodeid == nodeid_of(root_slot)));
}

// Word of a reload may come after the answer to a question, when there is no difference any more.
BOOST_AUTO_TEST_CASE(what_another_answer_changes_is_told_to_the_kernel) {
  std::vector<std::string> names{"b", "f1", "f2", "f3", "f4", "f5", "f6", "f7"};
  (void)lookup("b");
  dir->node_answered(last(), {.names = names, .complete = true});
  BOOST_TEST((lookup("g").answered->what == answer::kind::absent));
  dir->shed();
  dir->shed();
  BOOST_TEST(!dir->complete());
  (void)readdir();
  names.front() = "g";
  std::ranges::sort(names);
  dir->node_answered(last(), {.names = names, .complete = true});
  BOOST_REQUIRE_EQUAL(port.changes.size(), 1U);
  BOOST_TEST(std::ranges::count(port.changes[0].names, "b") == 1); // it is cached, and gone
  BOOST_TEST(std::ranges::count(port.changes[0].names, "g") == 1); // it is kept as absent, and there
  BOOST_TEST((port.changes[0].nodeid == nodeid_of(root_slot)));
}

// The kernel is to come back for a name that may stand for something else by then.
BOOST_AUTO_TEST_CASE(a_folder_that_may_be_a_repository_is_looked_up_each_time) {
  auto first = lookup("x");
  dir->node_answered(last(), {.names = {"certain", "x"}, .assumed = {"x"}});
  BOOST_TEST(!first.answered->node.lasting);
  BOOST_TEST(lookup("certain").answered->node.lasting);
  auto again = lookup("x");
  BOOST_REQUIRE_EQUAL(port.mount_nodes.size(), 2U);
  dir->node_answered(last(), {.names = {"certain", "x"}});
  BOOST_TEST(again.answered->node.lasting);
  BOOST_TEST(again.answered->node.nodeid == first.answered->node.nodeid);
  BOOST_TEST(lookup("x").answered->node.lasting);
  BOOST_TEST(port.mount_nodes.size() == 2U);
}

BOOST_AUTO_TEST_CASE(one_that_was_taken_for_a_folder_has_nothing_of_that_once_it_is_a_repository) {
  auto was = lookup("file");
  dir->node_answered(last(), {.names = {"file"}, .assumed = {"file"}});
  BOOST_TEST((was.answered->node.attr.mode & S_IFMT) == static_cast<unsigned>(S_IFDIR));
  auto now = lookup("file");
  dir->node_answered(last(), {.shown = snapshot(root)});
  BOOST_TEST((now.answered->node.attr.mode & S_IFMT) == static_cast<unsigned>(S_IFREG));
  BOOST_TEST(now.answered->node.nodeid != was.answered->node.nodeid);
  BOOST_TEST(now.answered->node.lasting);
  BOOST_REQUIRE_EQUAL(port.changes.size(), 1U);
  BOOST_TEST((port.changes[0].names == std::vector<std::string>{"file"}));
}

BOOST_AUTO_TEST_CASE(the_last_who_gives_up_takes_the_question_back) {
  auto one = readdir(), two = readdir();
  dir->interrupted(one.id);
  BOOST_TEST(port.cancelled.empty());
  dir->interrupted(two.id);
  BOOST_TEST((port.cancelled == std::vector{last()}));
  BOOST_TEST(one.answered->code == EINTR);
  dir->node_answered(last(), {.names = {"a"}, .complete = true}); // late, and of nobody
  BOOST_TEST(!dir->complete());
}

BOOST_AUTO_TEST_CASE(what_looks_ahead_stays_in_the_snapshot) {
  const auto top = std::make_shared<directory_location>();
  const auto mounted_ref_root =
      std::make_shared<directory_location>(directory_location{top, 5, root, 2, "mounted_ref", snapshot(root)});
  const auto below = std::make_shared<directory_location>(
      directory_location{mounted_ref_root, 0, root, 3, "sub", mounted_ref_root->shown});
  BOOST_TEST(is_root(*top));
  BOOST_TEST(is_root(*mounted_ref_root));
  BOOST_TEST(!is_root(*below));
  BOOST_TEST((position_of(*mounted_ref_root) == tree_position{}));
  BOOST_TEST((position_of(*below) == tree_position{0}));
  BOOST_TEST(path_of(*below) == "mounted_ref/sub");
  tree_cursor cursor{*db, below, 1};
  BOOST_TEST(!cursor.peek()); // behind it, in the root of the mounted_ref, there is nothing more
  BOOST_TEST((cursor.position() == end_position));
}

BOOST_AUTO_TEST_CASE(a_reader_goes_on_behind_names_that_were_dropped) {
  std::vector<std::string> names;
  for (int i = 10; i < 60; ++i)
    names.push_back("n" + std::to_string(i));
  const mount_node_answer all{.names = names, .complete = true};
  auto first = readdir(0, false, 12);
  dir->node_answered(last(), all);
  const std::uint64_t then = first.answered->entries.back().next;
  dir->shed();
  dir->shed();
  BOOST_REQUIRE(!dir->complete());
  auto rest = readdir(then, false);
  BOOST_TEST(rest.answered->answers == 0);
  BOOST_REQUIRE_EQUAL(port.mount_nodes.size(), 2U);
  dir->node_answered(last(), all);
  BOOST_TEST(rest.answered->entries.size() == 40U);
  BOOST_TEST(readdir(rest.answered->entries.back().next, false).answered->entries.empty());
  BOOST_TEST(port.mount_nodes.size() == 2U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
