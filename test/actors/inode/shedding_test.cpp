// A directory that is asked to forget its listing.
#include "test/actors/support/fakes.hpp"

#include <boost/test/unit_test.hpp>

namespace gitfs::test {

namespace shedding {

namespace {

struct many_children : directory_fixture {
  oid text = db->blob("text"), sub = db->tree({});
  oid root;

  many_children() {
    std::vector<memory_db::entry> entries;
    for (int i = 10; i < 50; ++i)
      entries.push_back({"f" + std::to_string(i), entry_kind::file, text});
    entries.push_back({"sub", entry_kind::directory, sub});
    root = db->tree(entries);
    open(root, false);
  }
  std::uint64_t listings() const { return context->memory.used(memory_budget::kind::listings); }
  /// Until it was not used since the last time.
  void shed() {
    dir->shed();
    dir->shed();
  }
};

} // namespace

} // namespace shedding

BOOST_FIXTURE_TEST_SUITE(shedding, shedding::many_children)

BOOST_AUTO_TEST_CASE(what_was_used_since_it_was_asked_last_stays) {
  (void)readdir(0, false);
  dir->shed();
  BOOST_TEST(dir->complete());
  (void)readdir(0, false);
  dir->shed();
  BOOST_TEST(dir->complete());
  dir->shed();
  BOOST_TEST(!dir->complete());
}

BOOST_AUTO_TEST_CASE(it_is_loaded_again_from_the_store) {
  const auto before = readdir(0, false);
  shed();
  BOOST_TEST(!dir->complete());
  const auto after = readdir(0, false);
  BOOST_TEST(after.answered->entries.size() == before.answered->entries.size());
  BOOST_TEST(port.requested.empty());
  BOOST_TEST((lookup("absent").answered->what == answer::kind::absent));
}

BOOST_AUTO_TEST_CASE(what_the_kernel_refers_to_is_the_same_inode_before_and_after) {
  const auto f30 = looked_up("f30"), folder = looked_up("sub");
  shed();
  BOOST_TEST(!dir->complete());
  BOOST_TEST(dir->referenced());
  BOOST_TEST(send(f30.child, getattr_op{}).answered->attr.size == 4U); // answered without the listing
  BOOST_TEST(read(f30.child).answered->text == "text");
  BOOST_TEST(!dir->complete());
  BOOST_TEST((looked_up("f30") == f30));
  BOOST_TEST((looked_up("sub") == folder));
  BOOST_TEST(looked_up("f11").child != f30.child);
  dir->forget(f30.child, 2);
  BOOST_TEST(dir->referenced());
}

BOOST_AUTO_TEST_CASE(nothing_is_foretold_from_a_listing_that_is_gone) {
  open(root, true);
  const auto f30 = looked_up("f30");
  shed();
  BOOST_TEST(!dir->complete());
  BOOST_TEST(read(f30.child).answered->text == "text");
  BOOST_TEST(port.reads.empty());
  (void)readdir(0, false);
  (void)read(f30.child);
  const std::vector<child_index> expected{20};
  BOOST_TEST(port.reads == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(references_are_counted_while_the_listing_is_gone) {
  const auto f30 = looked_up("f30");
  (void)looked_up("f30");
  shed();
  dir->forget(f30.child, 1);
  BOOST_TEST(dir->referenced());
  dir->forget(f30.child, 1);
  BOOST_TEST(!dir->referenced());
  BOOST_TEST((looked_up("f30") == f30)); // the same place in the same tree
}

BOOST_AUTO_TEST_CASE(the_kernel_is_asked_for_the_rest_and_the_listing_goes_with_its_last_forget) {
  const auto all = readdir();
  shed();
  BOOST_TEST(dir->complete()); // most of it is referred to
  BOOST_REQUIRE_EQUAL(port.forget_requests.size(), 1U);
  std::vector<std::uint64_t> revealed;
  for (const auto& e : all.answered->entries)
    if (e.nodeid != 0)
      revealed.push_back(e.nodeid);
  BOOST_TEST(port.forget_requests[0] == revealed, boost::test_tools::per_element());
  for (const auto& e : all.answered->entries)
    if (e.nodeid != 0 && e.address.child != self_child)
      dir->forget(e.address.child, 1);
  BOOST_TEST(!dir->complete());
}

BOOST_AUTO_TEST_CASE(a_use_ends_the_shedding) {
  const auto all = readdir();
  shed();
  (void)lookup("f10");
  for (const auto& e : all.answered->entries)
    if (e.nodeid != 0 && e.address.child != self_child)
      dir->forget(e.address.child, 1);
  BOOST_TEST(dir->complete());
}

BOOST_AUTO_TEST_CASE(a_listing_that_somebody_waits_in_stays) {
  const oid missing = db->blob("later");
  db->hide(missing);
  db->tell_size(missing, 5);
  open(db->tree({{"a", entry_kind::file, missing},
                 {"b", entry_kind::file, text},
                 {"c", entry_kind::file, text},
                 {"d", entry_kind::file, text},
                 {"e", entry_kind::file, text}}),
       false);
  const auto reader = read(looked_up("a").child);
  BOOST_TEST(dir->parked() == 1U);
  shed();
  BOOST_TEST(dir->complete());
  db->show(missing);
  dir->finished(port.last(want_kind::blobs).id, {0, {}});
  BOOST_TEST(reader.answered->text == "later");
}

BOOST_AUTO_TEST_CASE(another_tree_that_comes_while_the_listing_is_gone_keeps_the_inodes_that_stay) {
  const auto f30 = looked_up("f30"), f40 = looked_up("f40");
  shed();
  move_to(db->tree({{"f05", entry_kind::file, text}, {"f30", entry_kind::file, text}}));
  BOOST_TEST((looked_up("f30") == f30));
  const auto fresh = looked_up("f05");
  BOOST_TEST(fresh.child != f30.child);
  BOOST_TEST(fresh.child != f40.child);
  BOOST_TEST((lookup("f40").answered->what == answer::kind::absent));
  BOOST_TEST(read(f40.child).answered->text == "text"); // who has it open goes on reading
}

BOOST_AUTO_TEST_CASE(every_byte_is_given_back) {
  const auto idle = listings();
  BOOST_TEST(idle > 0U);
  const auto f30 = looked_up("f30");
  const auto full = listings();
  BOOST_TEST(full > idle);
  shed();
  BOOST_TEST(listings() < full);
  (void)readdir(0, false);
  BOOST_TEST(listings() == full);
  dir->forget(f30.child, 1);
  dir.reset();
  BOOST_TEST(listings() == 0U);
}

BOOST_AUTO_TEST_CASE(listings_over_their_share_are_reported) {
  BOOST_TEST(port.overs == 0);
  context->memory.add(memory_budget::kind::listings, context->memory.listings_limit());
  (void)readdir();
  BOOST_TEST(port.overs == 1);
  (void)readdir(); // nothing was loaded
  BOOST_TEST(port.overs == 1);
  context->memory.subtract(memory_budget::kind::listings, context->memory.listings_limit());
}

BOOST_AUTO_TEST_CASE(a_large_file_waits_for_its_file_and_not_for_memory) {
  const oid large = db->blob(std::string(context->memory.blob_files_from(), 'x') + "end");
  open(db->tree({{"large", entry_kind::file, large}}), false);
  const auto child = looked_up("large").child;
  const auto one = read(child, context->memory.blob_files_from(), 100), two = read(child, 0, 3);
  BOOST_TEST(port.loads.empty());
  BOOST_REQUIRE_EQUAL(port.blob_file_writes.size(), 1U);
  BOOST_REQUIRE(objects->large_blobs.load(large));
  dir->finished(port.blob_file_writes[0].first, {0, {}});
  BOOST_TEST(one.answered->text == "end");
  BOOST_TEST(two.answered->text == "xxx");
  BOOST_TEST(context->memory.used(memory_budget::kind::blobs) == 0U);
  objects->large_blobs.clear();
  BOOST_TEST(context->memory.used(memory_budget::kind::blob_files) == 0U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
