#include "backend/cache/listing_cache.hpp"
#include "test/backend/support/store_fixture.hpp"

#include <boost/test/unit_test.hpp>

namespace gitfs::test {

namespace listing_cache {

namespace {

struct stored_tree : store_fixture {
  std::shared_ptr<gitfs::object_store> store = open();
  memory_budget budget{1U << 20};
  gitfs::listing_cache cache{*store, budget};
  oid tree;

  stored_tree() {
    ingest(*store, pack_of(all())).value();
    for (const oid& id : all())
      if (const auto found = store->read(id); found && found.value().type() == object_type::tree)
        tree = id;
  }

  listing_ptr unlike(std::uint64_t size, std::size_t entries = 1) const {
    auto out = std::make_shared<parsed_tree>();
    for (std::size_t i = 0; i < entries; ++i)
      out->entries.push_back({"n" + std::to_string(i), entry_kind::file, blobs(0, 1).front(), size});
    return out;
  }
  std::uint64_t used() const { return budget.used(memory_budget::kind::ahead); }
};

} // namespace

} // namespace listing_cache

BOOST_FIXTURE_TEST_SUITE(listing_cache, listing_cache::stored_tree)

BOOST_AUTO_TEST_CASE(a_listing_has_the_sizes_that_are_known) {
  const listing_ptr found = read_listing(*store, tree).value();
  BOOST_REQUIRE(!found->entries.empty());
  for (const tree_entry& e : found->entries)
    BOOST_TEST(e.size == (has_contents(e.kind) ? git_content(e.id).size() : unknown_size));
}

BOOST_AUTO_TEST_CASE(what_is_no_tree_is_told_from_what_is_not_here) {
  BOOST_TEST(read_listing(*store, blobs(0, 1).front()).error().code == EBADMSG);
  BOOST_TEST(read_listing(*store, id_of(std::string(40, '7'))).error().code == ENOENT);
  BOOST_TEST(cache.take(id_of(std::string(40, '7'))).error().code == ENOENT);
}

BOOST_AUTO_TEST_CASE(what_was_put_is_taken_once) {
  const listing_ptr ahead = unlike(77);
  cache.put(tree, ahead);
  BOOST_TEST(used() != 0U);
  BOOST_TEST((cache.take(tree).value() == ahead));
  BOOST_TEST(used() == 0U);
  BOOST_TEST(cache.take(tree).value()->entries.size() == read_listing(*store, tree).value()->entries.size());
}

BOOST_AUTO_TEST_CASE(sizes_that_came_after_it_was_put_are_in_what_is_taken) {
  cache.put(tree, unlike(unknown_size));
  BOOST_TEST(cache.take(tree).value()->entries.at(0).size == git_content(blobs(0, 1).front()).size());
}

BOOST_AUTO_TEST_CASE(a_listing_that_somebody_else_has_stays_as_it_is) {
  const listing_ptr before = unlike(unknown_size);
  const listing_ptr after = with_sizes(*store, tree, before);
  BOOST_TEST(before->entries.at(0).size == unknown_size);
  BOOST_TEST(after->entries.at(0).size == git_content(blobs(0, 1).front()).size());
}

BOOST_AUTO_TEST_CASE(beyond_its_limit_the_oldest_go_and_the_gauge_falls_to_zero) {
  for (char digit = '0'; digit <= '9'; ++digit)
    cache.put(id_of(std::string(40, digit)), unlike(1, 500));
  BOOST_TEST(used() <= budget.ahead_limit());
  BOOST_TEST(cache.take(id_of(std::string(40, '0'))).error().code == ENOENT); // neither there nor in the store
  BOOST_TEST(cache.take(id_of(std::string(40, '9'))).has_value());
  cache.clear();
  BOOST_TEST(budget.empty());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
