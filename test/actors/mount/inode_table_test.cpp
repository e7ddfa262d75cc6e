#include "actors/mount/inode_table.hpp"

#include <boost/test/unit_test.hpp>

#include <set>
#include <thread>
#include <vector>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(inode_table)

namespace {

directory_location_ptr link_at(child_index index) {
  auto out = std::make_shared<directory_location>();
  out->index = index;
  return out;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_slot_keeps_what_it_was_given_across_chunks) {
  gitfs::inode_table table;
  for (dir_slot i = 0; i < 20'000; ++i)
    BOOST_REQUIRE(table.allocate(i / 2, link_at(i * 3)) == i);
  for (dir_slot i = 0; i < 20'000; ++i) {
    BOOST_REQUIRE(table.in_use(i));
    BOOST_REQUIRE_EQUAL(table.parent_of(i), i / 2);
    BOOST_REQUIRE_EQUAL(table.index_of(i), i * 3);
    BOOST_REQUIRE(table.actor_of(i) == nullptr);
    BOOST_REQUIRE_EQUAL(table.location_of(i)->index, i * 3);
  }
  BOOST_TEST(!table.in_use(20'000));
}

BOOST_AUTO_TEST_CASE(a_freed_slot_comes_back_with_another_generation) {
  gitfs::inode_table table;
  const dir_slot slot = *table.allocate(0, link_at(1));
  const auto generation = table.generation_of(slot);
  table.free(slot);
  BOOST_TEST(!table.in_use(slot));
  BOOST_TEST(*table.allocate(5, link_at(2)) != slot); // it rests
  table.recycle(slot);
  BOOST_TEST(*table.allocate(5, link_at(2)) == slot);
  BOOST_TEST(table.generation_of(slot) == generation + 1);
  BOOST_TEST(table.parent_of(slot) == 5U);
  BOOST_TEST(table.index_of(slot) == 2U);
}

BOOST_AUTO_TEST_CASE(threads_never_get_one_slot_twice) {
  gitfs::inode_table table;
  constexpr int threads = 4, rounds = 3000;
  std::vector<std::vector<dir_slot>> kept(threads);
  std::vector<std::thread> workers;
  for (int t = 0; t < threads; ++t)
    workers.emplace_back([&table, &mine = kept[t]] {
      for (int i = 0; i < rounds; ++i) {
        mine.push_back(*table.allocate(0, link_at(0)));
        if (i % 3 == 0) { // give one back, so that the free list is contended too
          table.free(mine.front());
          table.recycle(mine.front());
          mine.erase(mine.begin());
        }
      }
    });
  for (auto& w : workers)
    w.join();
  std::set<dir_slot> all;
  for (const auto& mine : kept)
    for (dir_slot slot : mine)
      BOOST_REQUIRE(all.insert(slot).second);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
