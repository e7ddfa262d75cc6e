// The times of files: what a move of the ref, or a mount at another commit, has changed is new, and all else is as old
// as it was.
#include "test/actors/support/fakes.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <string>

namespace gitfs::test {

namespace times {

namespace {

constexpr auto file = entry_kind::file;
constexpr auto directory = entry_kind::directory;

struct timed : directory_fixture {
  oid one = db->blob("one"), two = db->blob("two");
  /// `changed` holds that, `sub/deep` too.
  oid tree(const oid& what) {
    const oid inner = db->tree({{"deep", file, what}, {"rest", file, one}});
    return db->tree({{"changed", file, what}, {"same", file, one}, {"sub", directory, inner}});
  }
  oid first = tree(one), second = tree(two);

  std::map<std::string, file_time> listed() {
    std::map<std::string, file_time> out;
    const auto r = readdir(0, false); // by name alone, so that the kernel refers to nothing
    for (const auto& each : r.answered->entries)
      out[each.name] = each.attr.time;
    return out;
  }
  file_time of(const std::string& name) { return listed().at(name); }
  /// Until it has dropped its listing.
  void shed() {
    dir->shed();
    dir->shed();
    BOOST_TEST(!dir->complete());
  }
  /// A new mount, of which the place has shown that before.
  void remount(shown_runs runs) {
    const oid now = runs.front().tree;
    open(now, false);
    auto link = std::make_shared<directory_location>(*context->inodes.location_of(root_slot));
    link->shown = std::make_shared<const shown_snapshot>(
        shown_snapshot{link->shown->of, {oid{}, now, 0, {}}, std::make_shared<const shown_runs>(std::move(runs))});
    context->inodes.relink(root_slot, link);
    dir.emplace(*context, root_slot, link, port);
  }
  /// Goes into a child directory, which is under test from here on. Returns its location.
  directory_location_ptr enter(const std::string& name) {
    const dir_slot slot = looked_up(name).dir;
    const auto link = context->inodes.location_of(slot);
    dir.emplace(*context, slot, link, port);
    return link;
  }
};

} // namespace

} // namespace times

BOOST_FIXTURE_TEST_SUITE(times, times::timed)

BOOST_AUTO_TEST_CASE(after_a_remount_what_has_changed_is_new_and_the_rest_is_not) {
  remount({{second, 900}, {first, 100}});
  BOOST_TEST(of("changed") == 900);
  BOOST_TEST(of("same") == 100);
  BOOST_TEST(of("sub") == 900);
  BOOST_TEST(send(self_child, getattr_op{}).answered->attr.time == 900);
}

BOOST_AUTO_TEST_CASE(in_a_directory_below_as_well) {
  remount({{second, 900}, {first, 100}});
  BOOST_TEST(enter("sub")->since.value() == 900);
  BOOST_TEST(of("deep") == 900);
  BOOST_TEST(of("rest") == 100);
}

BOOST_AUTO_TEST_CASE(a_listing_that_was_dropped_comes_back_with_its_times) {
  open(first, false);
  BOOST_TEST(of("changed") == 0);
  move_to(second, 7);
  const auto before = listed();
  BOOST_TEST(before.at("changed") == file_time_of(7));
  BOOST_TEST(before.at("same") == 0);
  shed();
  BOOST_TEST((listed() == before));
}

// Nobody had listed it when it moved.
BOOST_AUTO_TEST_CASE(a_directory_that_nobody_has_looked_into_remembers_all_the_same) {
  open(first, false);
  move_to(second, 7);
  move_to(tree(db->blob("three")), 9);
  BOOST_TEST(of("changed") == file_time_of(9));
  BOOST_TEST(of("same") == 0);
  const auto sub = enter("sub");
  BOOST_REQUIRE(sub->past != nullptr);
  BOOST_TEST(sub->past->size() == 2U);
  BOOST_TEST(of("deep") == file_time_of(9));
  BOOST_TEST(of("rest") == 0);
}

BOOST_AUTO_TEST_CASE(what_comes_back_has_changed_again) {
  remount({{first, 900}, {second, 500}, {first, 100}});
  BOOST_TEST(of("changed") == 900);
  BOOST_TEST(of("same") == 100);
  enter("sub");
  BOOST_TEST(of("deep") == 900);
  BOOST_TEST(of("rest") == 100);
}

BOOST_AUTO_TEST_CASE(what_was_added_or_is_another_kind_now_is_new) {
  const oid added =
      db->tree({{"changed", directory, db->tree({{"x", file, one}})}, {"new", file, one}, {"same", file, one}});
  remount({{added, 900}, {first, 100}});
  BOOST_TEST(of("changed") == 900);
  BOOST_TEST(of("new") == 900);
  BOOST_TEST(of("same") == 100);
  // Of a folder that was a file all is new.
  enter("changed");
  BOOST_TEST(of("x") == 900);
}

BOOST_AUTO_TEST_CASE(a_tree_that_is_not_here_was_never_shown_and_is_passed_over) {
  const oid between = db->tree({{"same", file, two}});
  const shown_runs runs{{second, 900}, {between, 500}, {first, 100}};
  remount(runs);
  BOOST_TEST(of("same") == 900);
  db->hide(between);
  remount(runs);
  BOOST_TEST(of("same") == 100);
  BOOST_TEST(of("changed") == 900);
  db->hide(first); // nothing is known
  remount(runs);
  BOOST_TEST(of("same") == 900);
}

// Until its tree is here, a directory shows what it did: what somebody has built of that is older than what comes.
BOOST_AUTO_TEST_CASE(what_changes_late_has_the_time_at_which_it_does) {
  open(first, false);
  (void)readdir();
  db->hide(second);
  move_to(second, 7);
  BOOST_TEST(of("changed") == 0);
  const file_time before = time_now();
  db->show(second);
  dir->finished(port.last(want_kind::trees).id, {});
  BOOST_TEST(of("changed") >= before);
  BOOST_TEST(of("changed") <= time_now());
  BOOST_TEST(of("same") == 0);
  move_to(tree(db->blob("three")), 9); // in time
  BOOST_TEST(of("changed") == file_time_of(9));
}

BOOST_AUTO_TEST_CASE(a_move_to_an_equal_tree_changes_no_time) {
  open(first, false);
  (void)readdir();
  move_to(second, 7);
  const auto before = listed();
  move_to(second, 9);
  BOOST_TEST((listed() == before));
  BOOST_TEST(send(self_child, getattr_op{}).answered->attr.time == file_time_of(7));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
