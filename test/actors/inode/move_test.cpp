// A directory takes over another snapshot.
#include "test/actors/support/fakes.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <map>

namespace gitfs::test {

namespace move {

namespace {

struct moving : directory_fixture {
  oid one = db->blob("one"), two = db->blob("two"), three = db->blob("three");
  oid inner = db->tree({{"x", entry_kind::file, one}}), inner2 = db->tree({{"x", entry_kind::file, two}});
  oid old = db->tree({{"changed", entry_kind::file, one},
                      {"dir", entry_kind::directory, inner},
                      {"gone", entry_kind::file, two},
                      {"other", entry_kind::directory, inner},
                      {"same", entry_kind::file, three},
                      {"turns", entry_kind::directory, inner}});
  oid next = db->tree({{"added", entry_kind::file, one},
                       {"changed", entry_kind::file, two},
                       {"dir", entry_kind::directory, inner2},
                       {"other", entry_kind::directory, inner},
                       {"same", entry_kind::file, three},
                       {"turns", entry_kind::file, three}});
  moving() { open(old, false); }

  std::map<std::string, answer::listed> listed() {
    std::map<std::string, answer::listed> out;
    const auto r = readdir();
    for (const auto& each : r.answered->entries)
      out[each.name] = each;
    return out;
  }
  std::vector<std::string> told_names() const {
    BOOST_REQUIRE(!port.changes.empty());
    auto out = port.changes.back().names;
    std::ranges::sort(out);
    return out;
  }
  const directory_location& relinked_as(const std::string& name) const {
    const auto at = std::ranges::find(port.relinks, name, [](const relinked& each) { return each.link->name; });
    BOOST_REQUIRE(at != port.relinks.end());
    return *at->link;
  }
  std::vector<std::string> names(std::uint64_t offset, std::size_t room, std::uint64_t* then = nullptr) {
    std::vector<std::string> out;
    const auto r = readdir(offset, true, room);
    for (const auto& each : r.answered->entries)
      out.push_back(each.name);
    if (then != nullptr)
      *then = r.answered->entries.back().next;
    return out;
  }
};

const std::uint64_t root_node = nodeid_of(root_slot);

} // namespace

} // namespace move

BOOST_FIXTURE_TEST_SUITE(move, move::moving)

BOOST_AUTO_TEST_CASE(exactly_what_changed_is_told_to_the_kernel) {
  auto before = listed();
  (void)lookup("added");
  move_to(next, 7);
  const std::vector<std::string> expected{"added", "changed", "gone", "turns"};
  BOOST_TEST(told_names() == expected, boost::test_tools::per_element());
  BOOST_REQUIRE_EQUAL(port.changes.size(), 1U);
  BOOST_TEST(port.changes[0].nodeid == root_node);
  const std::vector<std::uint64_t> attributes{before["dir"].nodeid};
  BOOST_TEST(port.changes[0].attributes == attributes, boost::test_tools::per_element());
  BOOST_TEST(port.lefts == 1);
}

BOOST_AUTO_TEST_CASE(names_that_the_kernel_cannot_know_are_not_told) {
  (void)looked_up("same"); // nothing else was revealed, and nothing said to be absent
  move_to(next);
  BOOST_TEST(told_names().empty());
  BOOST_TEST(port.changes[0].attributes.empty());
}

BOOST_AUTO_TEST_CASE(the_new_listing_is_shown_with_the_same_inodes) {
  auto before = listed();
  move_to(next, 7);
  auto after = listed();
  BOOST_TEST(after.size() == 8U);
  BOOST_TEST(!after.contains("gone"));
  for (const std::string name : {"dir", "other", "same"})
    BOOST_TEST(after[name].nodeid == before[name].nodeid);
  for (const std::string name : {"changed", "turns"}) {
    BOOST_TEST(after[name].nodeid != before[name].nodeid);
    BOOST_TEST(after[name].attr.ino == before[name].attr.ino);
  }
  for (const std::string name : {"added", "changed", "dir", "turns"})
    BOOST_TEST(after[name].attr.time == file_time_of(7));
  for (const std::string name : {"other", "same"})
    BOOST_TEST(after[name].attr.time == 0);
  BOOST_TEST(send(self_child, getattr_op{}).answered->attr.time == file_time_of(7));
  BOOST_TEST(send(self_child, getxattr_op{"user.gitfs.commit"}).answered->text == commit_at(7).hex());
  BOOST_TEST(send(self_child, getxattr_op{"user.gitfs.oid"}).answered->text == next.hex());
}

BOOST_AUTO_TEST_CASE(who_has_an_old_file_open_goes_on_reading_it_until_it_is_forgotten) {
  const auto changed = looked_up("changed").child;
  move_to(next);
  BOOST_TEST(read(changed).answered->text == "one");
  BOOST_TEST(read(looked_up("changed").child).answered->text == "two");
  BOOST_TEST(send(changed, getattr_op{}).answered->attr.size == 3U);
  dir->forget(changed, 1);
  BOOST_TEST((lookup("changed").answered->what == answer::kind::entry));
}

BOOST_AUTO_TEST_CASE(children_get_a_link_of_the_new_snapshot_if_they_are_still_there) {
  (void)readdir();
  move_to(next, 7);
  BOOST_REQUIRE_EQUAL(port.relinks.size(), 2U); // "turns" stays as it was for who is in it
  BOOST_TEST((relinked_as("dir").tree == inner2));
  BOOST_TEST((relinked_as("other").tree == inner));
  BOOST_TEST(relinked_as("dir").since.value() == file_time_of(7));
  BOOST_TEST(relinked_as("other").since.value() == 0);
  for (const std::string name : {"dir", "other"}) {
    BOOST_TEST(relinked_as(name).parent == dir->link());
    BOOST_TEST(relinked_as(name).shown == dir->link()->shown);
  }
  BOOST_TEST(relinked_as("dir").index == 1U); // of its dentry
  BOOST_TEST(relinked_as("dir").place() == 2U);
}

BOOST_AUTO_TEST_CASE(an_unchanged_directory_is_relinked_and_the_kernel_told_nothing) {
  (void)readdir();
  move_to(old, 7);
  BOOST_TEST(port.changes.empty());
  BOOST_TEST(port.relinks.size() == 3U);
  BOOST_TEST(port.requested.empty());
  BOOST_TEST(send(self_child, getxattr_op{"user.gitfs.commit"}).answered->text == commit_at(7).hex());
  BOOST_TEST(send(self_child, getattr_op{}).answered->attr.time == 0);
  BOOST_TEST(relinked_as("dir").shown == dir->link()->shown);
}

BOOST_AUTO_TEST_CASE(a_directory_that_nobody_has_looked_into_reads_nothing) {
  db->hide(next);
  move_to(next, 7);
  BOOST_TEST(port.requested.empty());
  BOOST_TEST(send(self_child, getattr_op{}).answered->attr.time == file_time_of(7));
  BOOST_TEST(port.changes.size() == 1U); // its attributes
  auto waiting = readdir();
  BOOST_TEST((port.last(want_kind::trees).ids == std::vector<oid>{next}));
  db->show(next);
  dir->finished(port.last(want_kind::trees).id, {});
  BOOST_TEST(waiting.answered->entries.size() == 8U);
  BOOST_TEST(waiting.answered->entries.back().attr.time == file_time_of(7));
}

BOOST_AUTO_TEST_CASE(a_tree_that_is_missing_is_wanted_and_the_old_listing_served_until_it_came) {
  (void)readdir();
  db->hide(next);
  move_to(next, 7);
  BOOST_REQUIRE_EQUAL(port.count(want_kind::trees), 1U);
  BOOST_TEST((port.last(want_kind::trees).how == urgency::demand));
  BOOST_TEST((port.last(want_kind::trees).ids == std::vector<oid>{next}));
  BOOST_TEST(listed().contains("gone"));
  BOOST_TEST((lookup("gone").answered->what == answer::kind::entry));
  BOOST_TEST(port.changes.empty());
  BOOST_TEST(port.relinks.empty());
  BOOST_TEST(port.count(want_kind::trees) == 1U);
  db->show(next);
  dir->finished(port.last(want_kind::trees).id, {});
  BOOST_TEST(port.changes.size() == 1U);
  BOOST_TEST(!listed().contains("gone"));
}

BOOST_AUTO_TEST_CASE(a_tree_that_could_not_be_had_is_wanted_again_when_the_directory_is_used) {
  (void)readdir();
  db->hide(next);
  move_to(next);
  dir->finished(port.last(want_kind::trees).id, {ETIMEDOUT, {}});
  BOOST_TEST(port.count(want_kind::trees) == 1U);
  BOOST_TEST(listed().contains("gone"));
  BOOST_TEST(port.count(want_kind::trees) == 2U);
  dir->finished(port.last(want_kind::trees).id, {}); // said to be here, but is not: no loop
  BOOST_TEST(port.count(want_kind::trees) == 2U);
  db->show(next); // with something else
  BOOST_TEST(!listed().contains("gone"));
}

BOOST_AUTO_TEST_CASE(a_second_move_overtakes_the_first) {
  (void)readdir();
  const oid last = db->tree({{"last", entry_kind::file, one}});
  db->hide(next);
  db->hide(last);
  move_to(next, 7);
  const auto first = port.last(want_kind::trees).id;
  move_to(last, 8);
  BOOST_TEST((port.cancelled == std::vector<want_id>{first}));
  db->show(next);
  dir->finished(first, {}); // late
  BOOST_TEST(listed().contains("gone"));
  db->show(last);
  dir->finished(port.last(want_kind::trees).id, {});
  BOOST_TEST(listed().contains("last"));
  BOOST_TEST(listed().size() == 3U);
  BOOST_TEST(port.changes.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_move_back_before_the_tree_came_leaves_all_as_it_was) {
  (void)readdir();
  db->hide(next);
  move_to(next, 7);
  move_to(old, 8);
  BOOST_TEST(port.cancelled.size() == 1U);
  BOOST_TEST(port.changes.empty());
  BOOST_TEST(send(self_child, getxattr_op{"user.gitfs.commit"}).answered->text == commit_at(8).hex());
}

BOOST_AUTO_TEST_CASE(who_waits_for_sizes_of_the_old_listing_is_answered_from_the_new_one) {
  db->hide(one);
  auto waiting = lookup("changed");
  const auto sizes = port.last(want_kind::sizes).id;
  BOOST_TEST(waiting.answered->answers == 0);
  move_to(next);
  BOOST_TEST((port.cancelled == std::vector<want_id>{sizes}));
  BOOST_REQUIRE((waiting.answered->what == answer::kind::entry));
  BOOST_TEST(waiting.answered->node.attr.size == 3U);
  BOOST_TEST(read(waiting.answered->node.address.child).answered->text == "two");
  dir->finished(sizes, {0, {{one, 99}}}); // late, and of nobody
}

BOOST_AUTO_TEST_CASE(a_read_that_waits_goes_on_with_the_old_contents) {
  const auto changed = looked_up("changed").child;
  db->hide(one);
  auto waiting = read(changed);
  move_to(next);
  BOOST_TEST(port.cancelled.empty());
  db->show(one);
  dir->finished(port.last(want_kind::blobs).id, {});
  BOOST_TEST(waiting.answered->text == "one");
}

BOOST_AUTO_TEST_CASE(a_reader_gets_the_rest_of_the_listing_that_it_began) {
  auto before = listed();
  std::uint64_t then = 0;
  const auto first = names(0, 3, &then);
  BOOST_TEST(first.back() == "changed");
  move_to(next);
  const auto rest = readdir(then);
  std::vector<std::string> got;
  for (const auto& each : rest.answered->entries) {
    got.push_back(each.name);
    const bool same = each.name == "other" || each.name == "same";
    BOOST_TEST(each.nodeid == (same ? before[each.name].nodeid : 0)); // no new node under an old name
  }
  const std::vector<std::string> expected{"dir", "gone", "other", "same", "turns"};
  BOOST_TEST(got == expected, boost::test_tools::per_element());
  // The kernel would keep it as the listing from its end on.
  BOOST_TEST(port.changes.size() == 1U);
  BOOST_TEST(readdir(rest.answered->entries.back().next).answered->entries.empty());
  BOOST_REQUIRE_EQUAL(port.changes.size(), 2U);
  BOOST_TEST(port.changes[1].names.empty());
  BOOST_TEST(names(0, 1000).size() == 8U); // rewound
  BOOST_TEST(port.changes.size() == 2U);
}

BOOST_AUTO_TEST_CASE(each_reader_has_its_own_listing_across_several_moves) {
  std::uint64_t a = 0, b = 0, c = 0;
  (void)names(0, 1, &a);
  move_to(next);
  (void)names(0, 2, &b);
  move_to(old);
  (void)names(0, 7, &c);
  const std::vector<std::string> rest_a{"..", "changed", "dir", "gone", "other", "same", "turns"},
      rest_b{"added", "changed", "dir", "other", "same", "turns"}, rest_c{"turns"};
  BOOST_TEST(names(b, 100) == rest_b, boost::test_tools::per_element());
  BOOST_TEST(names(a, 100) == rest_a, boost::test_tools::per_element());
  BOOST_TEST(names(c, 100) == rest_c, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_past_listing_that_was_evicted_is_fetched_again) {
  std::uint64_t then = 0;
  (void)names(0, 7, &then);
  move_to(next);
  db->hide(old);
  auto waiting = readdir(then);
  BOOST_TEST(waiting.answered->answers == 0);
  BOOST_TEST((port.last(want_kind::trees).ids == std::vector<oid>{old}));
  move_to(inner); // it is not overtaken
  db->show(old);
  dir->finished(port.last(want_kind::trees).id, {});
  BOOST_REQUIRE_EQUAL(waiting.answered->entries.size(), 1U);
  BOOST_TEST(waiting.answered->entries[0].name == "turns");
}

BOOST_AUTO_TEST_CASE(a_reader_who_slept_through_too_many_listings_is_told) {
  std::uint64_t then = 0;
  (void)names(0, 3, &then);
  for (int i = 0; i < 300; ++i)
    move_to(i % 2 == 0 ? next : old);
  BOOST_TEST(readdir(then).answered->code == ESTALE);
  BOOST_TEST(readdir(std::uint64_t{9999} << 32 | 3).answered->code == ESTALE);
}

BOOST_AUTO_TEST_CASE(a_move_while_the_listing_is_dropped_tells_what_may_be_known) {
  std::vector<memory_db::entry> many;
  for (int i = 10; i < 60; ++i)
    many.push_back({"f" + std::to_string(i), entry_kind::file, one});
  open(db->tree(many), false);
  (void)looked_up("f30");
  (void)looked_up("f40");
  (void)lookup("absent");
  dir->shed();
  dir->shed();
  BOOST_TEST(!dir->complete());
  many[20].id = two; // f30
  many.insert(many.begin(), {"absent", entry_kind::file, one});
  move_to(db->tree(many));
  const auto told = told_names();
  BOOST_TEST(std::ranges::count(told, "f30") == 1);
  BOOST_TEST(std::ranges::count(told, "absent") == 1);
  BOOST_TEST(std::ranges::count(told, "f40") == 0);
}

BOOST_AUTO_TEST_CASE(a_submodule_that_moves_stays_itself) {
  open(db->tree({{"module", entry_kind::gitlink, one}}), false);
  const node_entry first = lookup("module").answered->node;
  const node_address module = first.address;
  move_to(db->tree({{"module", entry_kind::gitlink, two}}), 7);
  BOOST_TEST(told_names().empty());
  const std::vector<std::uint64_t> attributes{first.nodeid};
  BOOST_TEST(port.changes.back().attributes == attributes, boost::test_tools::per_element());
  BOOST_TEST((looked_up("module") == module));
  BOOST_TEST(send(module.child, getattr_op{}).answered->attr.time == file_time_of(7));
}

BOOST_AUTO_TEST_CASE(a_tree_that_cannot_be_read_is_an_error_of_the_directory) {
  (void)readdir();
  move_to(db->blob("not a tree"));
  BOOST_TEST(told_names().size() == 6U);
  BOOST_TEST(lookup("same").answered->code == EIO);
  move_to(next);
  BOOST_TEST((lookup("same").answered->what == answer::kind::entry));
}

BOOST_AUTO_TEST_CASE(what_could_not_be_said_is_said_by_the_clean_up) {
  (void)readdir();
  port.failures = 2;
  BOOST_CHECK_THROW(move_to(next), std::bad_alloc);
  BOOST_CHECK_THROW(dir->clean_up(), std::bad_alloc);
  BOOST_TEST(port.relinks.empty());
  dir->clean_up();
  dir->clean_up();
  BOOST_TEST(port.changes.size() == 1U);
  BOOST_TEST(port.relinks.size() == 2U);
  BOOST_TEST(listed().contains("added"));
}

BOOST_AUTO_TEST_CASE(reads_are_told_by_their_place_in_the_new_listing) {
  open(old, true);
  move_to(next);
  (void)readdir();
  (void)read(looked_up("same").child);
  const std::vector<child_index> expected{4};
  BOOST_TEST(port.reads == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_file_that_changes_all_the_time_takes_no_more_memory) {
  (void)readdir();
  for (int i = 0; i < 1000; ++i) {
    move_to(i % 2 == 0 ? next : old);
    const auto changed = looked_up("changed").child;
    dir->forget(changed, 1);
  }
  // What it remembers of times is that of the last 64 trees.
  BOOST_TEST(context->memory.used(memory_budget::kind::listings) < 16'000U);
}

BOOST_AUTO_TEST_CASE(a_move_whose_tree_nobody_waits_for_any_more_has_ended) {
  const auto same = looked_up("same").child;
  db->hide(next);
  const auto token = std::make_shared<int>();
  dir->moved(root_link(next, 7, dir->link()), token);
  BOOST_REQUIRE_EQUAL(port.count(want_kind::trees), 1U);
  BOOST_TEST(token.use_count() == 2);
  dir->release(1);
  dir->forget(same, 1);
  BOOST_TEST(port.idles == 1);
  BOOST_TEST(token.use_count() == 1);
  db->show(next);
  BOOST_TEST(!listed().contains("gone")); // looked up again: it shows the new one after all
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
