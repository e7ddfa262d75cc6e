// nlookup, FORGET, release and interruption, seen from one directory.
#include "test/actors/support/fakes.hpp"

#include <boost/test/unit_test.hpp>

namespace gitfs::test {

namespace references {

namespace {

struct two_children : directory_fixture {
  oid text = db->blob("text"), sub = db->tree({});
  oid root = db->tree({{"sub", entry_kind::directory, sub}, {"text", entry_kind::file, text}});
  two_children() { open(root); }
  dir_slot slot_of_sub() { return looked_up("sub").dir; }
};

} // namespace

} // namespace references

BOOST_FIXTURE_TEST_SUITE(references, references::two_children)

BOOST_AUTO_TEST_CASE(readdirplus_takes_references_and_readdir_does_not) {
  (void)readdir(0, false);
  BOOST_TEST(!dir->referenced());
  auto r = readdir(0, true);
  BOOST_TEST(dir->referenced());
  for (const auto& e : r.answered->entries) {
    const bool dot = e.name == "." || e.name == "..";
    BOOST_TEST((e.nodeid == 0) == dot); // nodeid 0 declines the reference
  }
}

BOOST_AUTO_TEST_CASE(forget_one_by_one_and_many_at_once) {
  const auto child = looked_up("text").child;
  for (int i = 0; i < 4; ++i)
    (void)lookup("text");
  dir->forget(child, 1);
  dir->forget(child, 3);
  BOOST_TEST(dir->referenced());
  dir->forget(child, 1);
  BOOST_TEST(!dir->referenced());
}

BOOST_AUTO_TEST_CASE(forgetting_an_unknown_child_is_nothing) {
  dir->forget(999, 1);
  dir->forget(self_child, 1);
  BOOST_TEST(!dir->referenced());
  BOOST_TEST((lookup("text").answered->what == answer::kind::entry));
}

BOOST_AUTO_TEST_CASE(forgetting_one_child_leaves_siblings_and_the_listing) {
  const auto before = readdir();
  const auto child = looked_up("text").child;
  dir->forget(child, 2);
  BOOST_TEST(dir->complete());
  const auto after = readdir();
  for (std::size_t i = 0; i < before.answered->entries.size(); ++i) {
    BOOST_TEST(after.answered->entries[i].nodeid == before.answered->entries[i].nodeid);
    BOOST_TEST(after.answered->entries[i].attr.ino == before.answered->entries[i].attr.ino);
  }
  BOOST_TEST(port.requested.empty());
}

BOOST_AUTO_TEST_CASE(an_answer_that_the_kernel_refuses_leaves_no_reference) {
  request unwanted;
  unwanted.unwanted = true;
  (void)send(self_child, lookup_op{"text"}, unwanted);
  BOOST_TEST(!dir->referenced());
  BOOST_TEST(!context->inodes.in_use(first_leaf));
  (void)send(self_child, readdir_op{0, true}, unwanted);
  // The directory's slot was never revealed: it is on its way back.
  BOOST_REQUIRE_EQUAL(port.released.size(), 1U);
  const auto slot = port.released[0];
  dir->child_idle(slot, context->inodes.generation_of(slot), port.release_numbers.back());
  BOOST_TEST((port.reaped == std::vector<dir_slot>{slot}));
  BOOST_TEST(!dir->referenced());
}

BOOST_AUTO_TEST_CASE(an_entry_that_does_not_fit_takes_no_reference) {
  (void)readdir(0, true, 2); // room for the dots only
  BOOST_REQUIRE_EQUAL(port.released.size(), 1U);
  dir->child_idle(port.released[0], context->inodes.generation_of(port.released[0]), port.release_numbers.back());
  BOOST_TEST(!dir->referenced());
}

BOOST_AUTO_TEST_CASE(a_child_directory_is_reaped_when_idle_and_unreferenced) {
  const auto slot = slot_of_sub();
  const auto generation = context->inodes.generation_of(slot);
  dir->forget(context->inodes.index_of(slot) + 1, 1);
  BOOST_TEST((port.released == std::vector<dir_slot>{slot}));
  BOOST_TEST(port.reaped.empty()); // not before it says that it is idle
  dir->child_idle(slot, generation, port.release_numbers.back());
  BOOST_TEST((port.reaped == std::vector<dir_slot>{slot}));
}

BOOST_AUTO_TEST_CASE(a_lookup_between_forget_and_idle_keeps_the_child) {
  const auto slot = slot_of_sub();
  const auto generation = context->inodes.generation_of(slot);
  dir->forget(context->inodes.index_of(slot) + 1, 1);
  BOOST_TEST(slot_of_sub() == slot);
  dir->child_idle(slot, generation, port.release_numbers.back());
  BOOST_TEST(port.reaped.empty());
  dir->forget(context->inodes.index_of(slot) + 1, 1);
  BOOST_TEST(port.released.size() == 2U);
  dir->child_idle(slot, generation, port.release_numbers.back());
  BOOST_TEST(port.reaped.size() == 1U);
}

BOOST_AUTO_TEST_CASE(an_idle_that_answers_an_earlier_release_is_stale) {
  const auto slot = slot_of_sub();
  const auto generation = context->inodes.generation_of(slot);
  const auto at = context->inodes.index_of(slot) + 1;
  dir->forget(at, 1);
  (void)lookup("sub"); // looked up again: the kernel may have gone inside, and hold something there
  dir->forget(at, 1);
  dir->child_idle(slot, generation, port.release_numbers[0]);
  BOOST_TEST(port.reaped.empty());
  dir->child_idle(slot, generation, port.release_numbers[1]);
  BOOST_TEST(port.reaped.size() == 1U);
}

BOOST_AUTO_TEST_CASE(one_zero_one_zero_is_reaped_once) {
  const auto slot = slot_of_sub();
  const auto generation = context->inodes.generation_of(slot);
  const auto at = context->inodes.index_of(slot) + 1;
  dir->forget(at, 1);
  (void)lookup("sub");
  dir->forget(at, 1); // two releases are on their way now
  dir->child_idle(slot, generation, port.release_numbers.back());
  BOOST_TEST(port.reaped.size() == 1U);
  context->inodes.free(slot); // as the supervisor does
  context->inodes.recycle(slot);
  BOOST_TEST(slot_of_sub() == slot); // the same slot, looked up anew, with another generation
  dir->forget(at, 1);
  dir->child_idle(slot, generation, port.release_numbers.back()); // the second, stale "idle"
  BOOST_TEST(port.reaped.size() == 1U);
  dir->child_idle(slot, context->inodes.generation_of(slot), port.release_numbers.back());
  BOOST_TEST(port.reaped.size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_file_has_a_node_while_the_kernel_refers_to_it) {
  (void)readdir(0, false);
  BOOST_TEST(context->inodes.leaf_slots() == 0U); // a name is no node
  const node_entry first = lookup("text").answered->node, second = lookup("text").answered->node;
  BOOST_TEST(second.nodeid == first.nodeid);
  BOOST_TEST(second.generation == first.generation);
  const node_slot slot = slot_of(first.nodeid);
  BOOST_TEST(is_leaf(slot));
  BOOST_TEST((context->inodes.address_of(first.nodeid) == first.address));
  BOOST_TEST((first.address == node_address{root_slot, context->inodes.index_of(slot) + 1}));
  BOOST_TEST((context->inodes.leaf_kind(slot) == entry_kind::file));
  BOOST_TEST(context->inodes.ino_of(slot) == first.attr.ino);
  dir->forget(first.address.child, 1);
  BOOST_TEST(context->inodes.in_use(slot));
  dir->forget(first.address.child, 1);
  BOOST_TEST(!context->inodes.in_use(slot));
  BOOST_TEST(context->inodes.address_of(first.nodeid).dir == no_slot);
}

// Else a file handle that somebody has kept names another file.
BOOST_AUTO_TEST_CASE(a_node_that_is_used_again_has_another_generation) {
  const oid both = db->tree({{"one", entry_kind::file, text}, {"two", entry_kind::symlink, text}});
  open(both);
  const node_entry one = lookup("one").answered->node;
  dir->forget(one.address.child, 1);
  const node_entry two = lookup("two").answered->node;
  BOOST_TEST(two.nodeid == one.nodeid);
  BOOST_TEST(two.generation != one.generation);
  BOOST_TEST(two.attr.ino != one.attr.ino);
  BOOST_TEST((context->inodes.leaf_kind(slot_of(two.nodeid)) == entry_kind::symlink));
  const node_entry again = lookup("one").answered->node;
  BOOST_TEST(again.nodeid != two.nodeid);
  BOOST_TEST(again.attr.ino == one.attr.ino); // of its path
}

BOOST_AUTO_TEST_CASE(released_with_children_is_idle_when_the_last_goes) {
  const auto text_child = looked_up("text").child;
  const auto slot = slot_of_sub();
  dir->release(1);
  BOOST_TEST(port.idles == 0);
  dir->forget(text_child, 1);
  BOOST_TEST(port.idles == 0);
  dir->forget(context->inodes.index_of(slot) + 1, 1);
  BOOST_TEST(port.idles == 0);
  dir->child_idle(slot, context->inodes.generation_of(slot), port.release_numbers.back());
  BOOST_TEST(port.idles == 1);
}

BOOST_AUTO_TEST_CASE(idle_cancels_what_is_on_its_way) {
  db->hide(text);
  (void)readdir(0, false);
  BOOST_REQUIRE_EQUAL(dir->in_flight(), 1U);
  dir->release(1);
  BOOST_TEST(port.idles == 1);
  BOOST_TEST((port.cancelled == std::vector<want_id>{port.requested.back().id}));
  BOOST_TEST(dir->in_flight() == 0U);
}

// Forgotten, looked up again and entered before the word of the forgetting came.
BOOST_AUTO_TEST_CASE(a_late_release_leaves_those_who_came_since_their_answer) {
  db->hide(root);
  auto waiting = lookup("text");
  BOOST_REQUIRE_EQUAL(dir->parked(), 1U);
  dir->release(1);
  BOOST_TEST(port.cancelled.empty());
  db->show(root);
  dir->finished(port.requested.front().id, {});
  BOOST_TEST((waiting.answered->what == answer::kind::entry));
}

BOOST_AUTO_TEST_CASE(ending_cancels_what_is_on_its_way_and_answers_who_waits) {
  const auto child = looked_up("text").child;
  db->hide(text);
  auto waiting = read(child);
  const auto id = port.requested.back().id;
  dir.reset();
  BOOST_TEST((port.cancelled == std::vector<want_id>{id}));
  BOOST_TEST(waiting.answered->code == EIO);
  BOOST_TEST(waiting.answered->answers == 1);
}

BOOST_AUTO_TEST_CASE(an_interrupt_answers_eintr_and_cancels_if_nobody_else_waits) {
  const auto child = looked_up("text").child;
  db->hide(text);
  auto one = read(child), two = read(child);
  dir->interrupted(one.id);
  BOOST_TEST(one.answered->code == EINTR);
  BOOST_TEST(port.cancelled.empty()); // the other still waits
  dir->interrupted(one.id);           // again: nothing
  dir->interrupted(two.id);
  BOOST_TEST(two.answered->code == EINTR);
  BOOST_TEST(port.cancelled.size() == 1U);
  db->show(text);
  dir->finished(port.requested.back().id, {0, {}}); // a late result finds nobody
  BOOST_TEST(read(child).answered->text == "text");
}

BOOST_AUTO_TEST_CASE(an_interrupt_leaves_prefetch_alone) {
  db->hide(text);
  (void)readdir(0, false); // wants sizes ahead
  auto stat = lookup("text");
  dir->interrupted(stat.id);
  BOOST_TEST(stat.answered->code == EINTR);
  BOOST_TEST(port.cancelled.empty());
}

BOOST_AUTO_TEST_CASE(a_release_that_throws_is_sent_until_it_succeeds) {
  const auto slot = slot_of_sub();
  port.failures = 3;
  BOOST_CHECK_THROW(dir->forget(context->inodes.index_of(slot) + 1, 1), std::bad_alloc);
  for (int i = 0; i < 2; ++i)
    BOOST_CHECK_THROW(dir->clean_up(), std::bad_alloc);
  BOOST_TEST(port.released.empty());
  dir->clean_up();
  BOOST_TEST((port.released == std::vector<dir_slot>{slot}));
  dir->child_idle(slot, context->inodes.generation_of(slot), port.release_numbers.back());
  BOOST_TEST((port.reaped == std::vector<dir_slot>{slot}));
  BOOST_TEST(!dir->referenced());
}

BOOST_AUTO_TEST_CASE(a_reaping_that_throws_begins_anew_and_happens_once) {
  const auto slot = slot_of_sub();
  const auto generation = context->inodes.generation_of(slot);
  dir->forget(context->inodes.index_of(slot) + 1, 1);
  port.failures = 1;
  BOOST_CHECK_THROW(dir->child_idle(slot, generation, port.release_numbers.back()), std::bad_alloc);
  BOOST_TEST(dir->referenced());
  dir->clean_up();
  BOOST_REQUIRE_EQUAL(port.released.size(), 2U);
  dir->child_idle(slot, generation, port.release_numbers[0]); // of the first release
  BOOST_TEST(port.reaped.empty());
  dir->child_idle(slot, generation, port.release_numbers[1]);
  dir->clean_up();
  BOOST_TEST((port.reaped == std::vector<dir_slot>{slot}));
  BOOST_TEST(port.released.size() == 2U);
}

BOOST_AUTO_TEST_CASE(an_idle_that_throws_is_said_once_all_the_same) {
  port.failures = 1;
  BOOST_CHECK_THROW(dir->release(1), std::bad_alloc);
  dir->clean_up();
  BOOST_TEST(port.idles == 1);
  dir->clean_up();
  BOOST_TEST(port.idles == 1);
}

BOOST_AUTO_TEST_CASE(a_want_that_throws_leaves_nobody_waiting_for_it) {
  const auto child = looked_up("text").child;
  db->hide(text);
  port.failures = 1;
  const request failed;
  BOOST_CHECK_THROW((void)send(child, read_op{0, 10}, failed), std::bad_alloc);
  BOOST_TEST(failed.answered->code == EIO);
  BOOST_TEST(failed.answered->answers == 1);
  auto next = read(child);
  BOOST_REQUIRE_EQUAL(port.count(want_kind::blobs), 1U);
  db->show(text);
  dir->finished(port.last(want_kind::blobs).id, {0, {}});
  BOOST_TEST(next.answered->text == "text");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
