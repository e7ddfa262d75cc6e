#include "backend/cache/prefetched_blobs.hpp"

#include "test/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(prefetched_blobs)

namespace {

oid id_of(int number) {
  oid out;
  out.bytes[0] = static_cast<std::uint8_t>(number);
  return out;
}

/// A budget of which so much, or up to two bytes more, is left to fresh blobs.
std::shared_ptr<memory_budget> room(std::size_t bytes) {
  return std::make_shared<memory_budget>((bytes + 2) / 3 * 4);
}

std::uint64_t used(const std::shared_ptr<memory_budget>& budget) {
  return budget->used(memory_budget::kind::fresh);
}

object blob(std::size_t size) {
  auto data = std::make_shared<std::string>(size, 'x');
  return {object_type::blob, data, *data};
}

} // namespace

BOOST_AUTO_TEST_CASE(a_blob_is_taken_once) {
  const auto budget = room(1000);
  gitfs::prefetched_blobs fresh{budget};
  fresh.put(id_of(1), blob(10));
  BOOST_TEST(!fresh.take(id_of(2)).has_value());
  BOOST_TEST(fresh.take(id_of(1))->data().size() == 10U);
  BOOST_TEST(!fresh.take(id_of(1)).has_value());
  BOOST_TEST(used(budget) == 0U);
}

BOOST_AUTO_TEST_CASE(beyond_the_budget_the_oldest_go) {
  const auto budget = room(100);
  gitfs::prefetched_blobs fresh{budget};
  for (int i = 0; i < 4; ++i)
    fresh.put(id_of(i), blob(30));
  fresh.put(id_of(1), blob(30)); // known already
  BOOST_TEST(used(budget) == 90U);
  BOOST_TEST(!fresh.take(id_of(0)).has_value());
  for (int i = 1; i < 4; ++i)
    BOOST_TEST(fresh.take(id_of(i)).has_value());
}

BOOST_AUTO_TEST_CASE(one_that_is_too_large_drives_nothing_out) {
  const auto budget = room(2 * gitfs::prefetched_blobs::largest);
  gitfs::prefetched_blobs small{room(100)}, large{budget};
  small.put(id_of(1), blob(90));
  small.put(id_of(2), blob(103));
  BOOST_TEST(small.take(id_of(1)).has_value());
  BOOST_TEST(!small.take(id_of(2)).has_value());
  large.put(id_of(3), blob(gitfs::prefetched_blobs::largest + 1));
  BOOST_TEST(used(budget) == 0U);
}

BOOST_AUTO_TEST_CASE(what_was_taken_leaves_nothing_that_grows) {
  const auto budget = room(100);
  gitfs::prefetched_blobs fresh{budget};
  fresh.put(id_of(255), blob(10)); // stays, as the oldest
  for (int i = 0; i < 10'000; ++i) {
    fresh.put(id_of(i % 200), blob(10));
    BOOST_REQUIRE(fresh.take(id_of(i % 200)).has_value());
  }
  BOOST_TEST(used(budget) == 10U);
  BOOST_TEST(fresh.take(id_of(255)).has_value());
}

BOOST_AUTO_TEST_CASE(the_gauge_falls_to_zero) {
  const auto budget = room(1000);
  {
    gitfs::prefetched_blobs fresh{budget};
    for (int i = 0; i < 50; ++i)
      fresh.put(id_of(i), blob(100));
    BOOST_TEST(used(budget) == 1000U);
    fresh.clear();
    BOOST_TEST(used(budget) == 0U);
    fresh.put(id_of(1), blob(100));
  }
  BOOST_TEST(budget->empty());
}

BOOST_AUTO_TEST_CASE(what_is_too_large_for_memory_waits_in_a_file) {
  const temp_dir dir;
  const auto budget = room(1000);
  constexpr std::size_t large = gitfs::prefetched_blobs::largest + 1;
  {
    gitfs::prefetched_blobs fresh{budget, dir.path()};
    fresh.put(id_of(1), blob(large));
    BOOST_TEST(budget->used(memory_budget::kind::blob_files) == large);
    BOOST_TEST(!fresh.take(id_of(1)).has_value());
    const auto file = fresh.take_file(id_of(1));
    BOOST_REQUIRE(file.has_value());
    BOOST_TEST(file->size() == large);
    std::string end(2, '\0');
    BOOST_REQUIRE(file->read(end.data(), end.size(), large - 2));
    BOOST_TEST(end == "xx");
    BOOST_TEST(!fresh.take_file(id_of(1)).has_value());
    BOOST_TEST(budget->empty());
    for (int i = 0; i < 10; ++i)
      fresh.put(id_of(i), blob(large));
    BOOST_TEST(budget->used(memory_budget::kind::blob_files) == large * gitfs::prefetched_blobs::most_files);
    BOOST_TEST(!fresh.take_file(id_of(1)).has_value()); // the oldest went
    BOOST_TEST(fresh.take_file(id_of(2)).has_value());
    room_giver::ask(dir.path(), 1);
    BOOST_TEST(budget->empty());
    fresh.put(id_of(1), blob(large));
  }
  BOOST_TEST(budget->empty());
  BOOST_TEST(!gitfs::prefetched_blobs{budget}.new_file(1).has_value());
  BOOST_TEST(!(gitfs::prefetched_blobs{budget, dir.path()}.new_file(std::uint64_t{1} << 40).has_value()));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
