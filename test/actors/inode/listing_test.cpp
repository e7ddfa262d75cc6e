// The listing rules: what a directory fetches, who waits for it, and what becomes of a late answer.
#include "test/actors/support/fakes.hpp"

#include <boost/test/unit_test.hpp>

namespace gitfs::test {

namespace listing {

namespace {

struct hidden_tree : directory_fixture {
  oid a = db->blob("aaa"), inner = db->blob("inner"), sub = db->tree({{"inner", entry_kind::file, inner}});
  oid root = db->tree({{"a", entry_kind::file, a}, {"sub", entry_kind::directory, sub}});

  hidden_tree() {
    db->hide(root);
    open(root);
  }
  void arrive(int code = 0) {
    if (code == 0)
      db->show(root);
    dir->finished(port.last(want_kind::trees).id, {code, {}});
  }
};

} // namespace

} // namespace listing

BOOST_FIXTURE_TEST_SUITE(listing, listing::hidden_tree)

BOOST_AUTO_TEST_CASE(the_first_caller_fetches_and_all_who_wait_are_served) {
  auto list = readdir();
  auto found = lookup("a");
  auto absent = lookup("nothing");
  BOOST_TEST(port.count(want_kind::trees) == 1U);
  BOOST_TEST(list.answered->answers + found.answered->answers + absent.answered->answers == 0);
  arrive();
  BOOST_TEST((list.answered->what == answer::kind::dirents));
  BOOST_TEST((found.answered->what == answer::kind::entry));
  BOOST_TEST((absent.answered->what == answer::kind::absent));
  BOOST_TEST(dir->parked() == 0U);
}

BOOST_AUTO_TEST_CASE(what_was_read_ahead_is_used_and_not_read_again) {
  auto ahead = std::make_shared<parsed_tree>();
  ahead->entries = {
      {"a", entry_kind::file, a, 3}, {"late", entry_kind::file, root}, {"sub", entry_kind::directory, sub}};
  objects->listings.put(root, ahead);
  db->tell_size(root, 99); // since it was put
  auto list = readdir();
  BOOST_TEST((list.answered->what == answer::kind::dirents));
  BOOST_TEST(port.count(want_kind::trees) == 0U);
  BOOST_TEST(list.answered->entries.size() == 5U);
  BOOST_TEST(lookup("late").answered->node.attr.size == 99U);
  BOOST_TEST(context->memory.used(memory_budget::kind::ahead) == 0U);
}

BOOST_AUTO_TEST_CASE(a_child_that_was_read_ahead_is_not_wanted) {
  db->show(root);
  db->hide(sub);
  objects->listings.put(sub, std::make_shared<parsed_tree>());
  auto list = readdir();
  BOOST_TEST((list.answered->what == answer::kind::dirents));
  BOOST_TEST(port.count(want_kind::trees) == 0U);
  objects->listings.clear();
  auto again = readdir();
  BOOST_TEST(port.count(want_kind::trees) == 1U);
}

BOOST_AUTO_TEST_CASE(eight_concurrent_lookups_of_one_name_make_one_fetch_and_see_one_inode) {
  std::vector<request> all;
  for (int i = 0; i < 8; ++i)
    all.push_back(lookup("sub"));
  BOOST_TEST(port.requested.size() == 1U);
  arrive();
  for (const auto& r : all)
    BOOST_TEST(r.answered->node.nodeid == all[0].answered->node.nodeid);
}

BOOST_AUTO_TEST_CASE(a_failure_is_shared_by_those_who_waited_and_not_remembered) {
  auto one = lookup("a");
  auto two = readdir();
  arrive(ETIMEDOUT);
  BOOST_TEST(one.answered->code == ETIMEDOUT);
  BOOST_TEST(two.answered->code == ETIMEDOUT);
  BOOST_TEST(!dir->complete());
  auto again = lookup("a");
  BOOST_TEST(port.count(want_kind::trees) == 2U);
  arrive();
  BOOST_TEST((again.answered->what == answer::kind::entry));
}

BOOST_AUTO_TEST_CASE(a_listing_that_everybody_gave_up_is_asked_for_again) {
  auto gone = readdir();
  const auto abandoned = port.last(want_kind::trees).id;
  dir->interrupted(gone.id);
  BOOST_TEST(gone.answered->code == EINTR);
  BOOST_TEST((port.cancelled == std::vector<want_id>{abandoned}));
  BOOST_TEST(!dir->complete());
  auto again = readdir();
  BOOST_REQUIRE_EQUAL(port.count(want_kind::trees), 2U);
  dir->finished(abandoned, {ECANCELED, {}}); // late, and of nobody
  BOOST_TEST(again.answered->answers == 0);
  arrive();
  BOOST_TEST(again.answered->entries.size() == 4U);
}

BOOST_AUTO_TEST_CASE(who_waited_for_a_failure_and_asks_again_makes_one_fetch_together) {
  std::vector<request> all;
  for (int i = 0; i < 4; ++i)
    all.push_back(lookup("a"));
  arrive(EIO);
  for (const auto& each : all)
    BOOST_TEST(each.answered->code == EIO);
  for (auto& each : all)
    each = lookup("a");
  BOOST_TEST(port.count(want_kind::trees) == 2U);
  arrive();
  for (const auto& each : all)
    BOOST_TEST((each.answered->what == answer::kind::entry));
}

BOOST_AUTO_TEST_CASE(a_name_that_was_found_is_not_asked_for_again) {
  (void)lookup("a");
  arrive();
  const auto requested = port.requested.size();
  for (int i = 0; i < 3; ++i)
    BOOST_TEST((lookup("a").answered->what == answer::kind::entry));
  BOOST_TEST(port.requested.size() == requested);
  db->hide(root); // evicted: what is known stays known
  BOOST_TEST((lookup("a").answered->what == answer::kind::entry));
  BOOST_TEST(port.requested.size() == requested);
}

BOOST_AUTO_TEST_CASE(a_missing_upstream_object_is_an_io_error_not_a_missing_path) {
  auto r = lookup("a");
  arrive(ENOENT);
  BOOST_TEST(r.answered->code == EIO);
}

BOOST_AUTO_TEST_CASE(what_is_still_missing_after_it_was_brought_is_an_error_not_a_loop) {
  auto r = lookup("a");
  for (int round = 0; round < 3; ++round) {
    BOOST_TEST(r.answered->answers == 0);
    dir->finished(port.last(want_kind::trees).id, {0, {}}); // said to be here, but is not
  }
  BOOST_TEST(r.answered->code == EIO);
  BOOST_TEST(port.requested.size() == 3U);
}

BOOST_AUTO_TEST_CASE(what_was_evicted_before_it_was_read_is_brought_again) {
  auto r = lookup("a");
  dir->finished(port.last(want_kind::trees).id, {0, {}});
  arrive();
  BOOST_TEST((r.answered->what == answer::kind::entry));
}

BOOST_AUTO_TEST_CASE(a_complete_directory_answers_absent_names_itself) {
  (void)lookup("a");
  arrive();
  const auto requested = port.requested.size();
  BOOST_TEST((lookup("nothing").answered->what == answer::kind::absent));
  BOOST_TEST(port.requested.size() == requested);
}

BOOST_AUTO_TEST_CASE(a_result_that_a_move_has_overtaken_is_dropped) {
  auto waiting = lookup("a");
  const auto old = port.last(want_kind::trees).id;
  const oid next = db->tree({{"a", entry_kind::file, a}, {"new", entry_kind::file, a}});
  db->hide(next);
  move_to(next);
  BOOST_TEST(port.cancelled.back() == old);
  BOOST_TEST(port.count(want_kind::trees) == 2U); // who waited waits for the new listing
  db->show(root);
  dir->finished(old, {0, {}});
  BOOST_TEST(!dir->complete());
  BOOST_TEST(waiting.answered->answers == 0);
  db->show(next);
  dir->finished(port.last(want_kind::trees).id, {0, {}});
  BOOST_TEST((waiting.answered->what == answer::kind::entry));
  BOOST_TEST((lookup("new").answered->what == answer::kind::entry));
}

BOOST_AUTO_TEST_CASE(a_tree_that_cannot_be_parsed_is_an_error_of_this_directory) {
  const oid broken = db->blob("not a tree");
  move_to(broken);
  BOOST_TEST(lookup("a").answered->code == EIO);
  BOOST_TEST(readdir().answered->code == EIO);
}

BOOST_AUTO_TEST_CASE(prefetch_starts_after_the_listing_was_answered) {
  db->hide(sub);
  auto list = readdir();
  BOOST_TEST(port.requested.size() == 1U); // the listing alone
  db->hide(a);
  db->show(root);
  // At the moment the first prefetch is asked for, the listing has its answer.
  dir->finished(port.last(want_kind::trees).id, {0, {}});
  BOOST_TEST((list.answered->what == answer::kind::dirents));
  BOOST_TEST(port.count(want_kind::trees) == 2U);
  BOOST_TEST((port.last(want_kind::trees).ids == std::vector<oid>{sub}));
  BOOST_TEST((port.last(want_kind::trees).how == urgency::speculation));
  BOOST_TEST((port.last(want_kind::sizes).ids == std::vector<oid>{a}));
  BOOST_TEST(port.listings == 1);
}

BOOST_AUTO_TEST_CASE(a_failing_prefetch_does_not_touch_the_listing) {
  db->hide(a);
  (void)readdir();
  arrive();
  const auto sizes = port.last(want_kind::sizes).id;
  dir->finished(sizes, {EIO, {}});
  BOOST_TEST(dir->complete());
  auto stat = lookup("a"); // still retryable
  BOOST_TEST(port.last(want_kind::sizes).id != sizes);
  BOOST_TEST((port.last(want_kind::sizes).how == urgency::demand));
  dir->finished(port.last(want_kind::sizes).id, {0, {{a, 3}}});
  BOOST_TEST(stat.answered->node.attr.size == 3U);
}

BOOST_AUTO_TEST_CASE(without_prefetch_only_what_is_needed_is_asked_for) {
  dir.reset();
  context.reset();
  port = {};
  open(root, false);
  db->hide(sub);
  auto list = readdir();
  arrive();
  BOOST_TEST((list.answered->what == answer::kind::dirents));
  BOOST_TEST(port.requested.size() == 1U);
  BOOST_TEST(port.listings == 0);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
