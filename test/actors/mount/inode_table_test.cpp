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
    BOOST_REQUIRE(table.allocate(i / 2, i + 2, link_at(i * 3)) == i);
  for (dir_slot i = 0; i < 20'000; ++i) {
    BOOST_REQUIRE(table.in_use(i));
    BOOST_REQUIRE_EQUAL(table.parent_of(i), i / 2);
    BOOST_REQUIRE_EQUAL(table.index_of(i), i * 3);
    BOOST_REQUIRE(table.actor_of(i) == nullptr);
    BOOST_REQUIRE_EQUAL(table.location_of(i)->index, i * 3);
    BOOST_REQUIRE_EQUAL(table.ino_of(i), i + 2U);
  }
  BOOST_TEST(!table.in_use(20'000));
}

BOOST_AUTO_TEST_CASE(a_freed_slot_comes_back_with_another_generation) {
  gitfs::inode_table table;
  const dir_slot slot = *table.allocate(0, 7, link_at(1));
  const auto generation = table.generation_of(slot);
  table.free(slot);
  BOOST_TEST(!table.in_use(slot));
  BOOST_TEST(*table.allocate(5, 8, link_at(2)) != slot); // it rests
  table.recycle(slot);
  BOOST_TEST(*table.allocate(5, 8, link_at(2)) == slot);
  BOOST_TEST(table.generation_of(slot) == generation + 1);
  BOOST_TEST(table.parent_of(slot) == 5U);
  BOOST_TEST(table.index_of(slot) == 2U);
}

// A replay runs handlers one after the other, in the order of their numbers: there the slot is still in use for 5.
BOOST_AUTO_TEST_CASE(a_slot_is_not_for_a_handler_that_began_before_it_was_freed) {
  gitfs::inode_table table;
  const dir_slot slot = *table.allocate(0, 7, link_at(1), 4);
  table.free(slot, 6);
  table.recycle(slot);
  BOOST_TEST(*table.allocate(0, 8, link_at(2), 5) != slot);
  BOOST_TEST(*table.allocate(0, 9, link_at(3), 8) == slot);
}

BOOST_AUTO_TEST_CASE(a_leaf_keeps_what_it_was_given_across_chunks) {
  gitfs::inode_table table;
  const auto ino_of = [](node_slot i) { return (std::uint64_t{1} << 53) - 1 - i; };
  for (node_slot i = 0; i < 20'000; ++i)
    BOOST_REQUIRE(table.allocate_leaf(i / 2, i * 3, entry_kind::executable, ino_of(i)) == first_leaf + i);
  for (node_slot i = 0; i < 20'000; ++i) {
    const node_slot slot = first_leaf + i;
    BOOST_REQUIRE((table.leaf_kind(slot) == entry_kind::executable));
    BOOST_REQUIRE_EQUAL(table.parent_of(slot), i / 2);
    BOOST_REQUIRE_EQUAL(table.index_of(slot), i * 3);
    BOOST_REQUIRE_EQUAL(table.ino_of(slot), ino_of(i));
    BOOST_REQUIRE((table.address_of(nodeid_of(slot)) == node_address{i / 2, i * 3 + 1}));
  }
  BOOST_TEST(table.leaf_slots() == 20'000U);
  BOOST_TEST(table.slots() == 0U); // directories are counted apart
  BOOST_TEST(!table.in_use(first_leaf + 20'000));
  BOOST_TEST(!table.in_use(no_slot));
  for (const std::uint64_t none :
       {std::uint64_t{0}, nodeid_of(no_slot), nodeid_of(first_leaf + 20'000), ~std::uint64_t{0}})
    BOOST_TEST(!table.in_use(table.address_of(none).dir));
}

BOOST_AUTO_TEST_CASE(a_freed_leaf_comes_back_with_another_generation) {
  gitfs::inode_table table;
  const node_slot slot = *table.allocate_leaf(1, 2, entry_kind::file, 3);
  const auto generation = table.generation_of(slot);
  table.free_leaf(slot);
  BOOST_TEST(!table.in_use(slot));
  BOOST_TEST(*table.allocate_leaf(4, 5, entry_kind::gitlink, 6) == slot);
  BOOST_TEST(table.generation_of(slot) == generation + 1);
  BOOST_TEST((table.address_of(nodeid_of(slot)) == node_address{4, 6}));
  BOOST_TEST(table.ino_of(slot) == 6U);
}

BOOST_AUTO_TEST_CASE(threads_never_get_one_leaf_twice) {
  gitfs::inode_table table;
  constexpr int threads = 4, rounds = 3000;
  std::vector<std::vector<node_slot>> kept(threads);
  std::vector<std::thread> workers;
  for (int t = 0; t < threads; ++t)
    workers.emplace_back([&table, &mine = kept[t], t] {
      for (int i = 0; i < rounds; ++i) {
        mine.push_back(
            *table.allocate_leaf(static_cast<dir_slot>(t), static_cast<child_index>(i), entry_kind::file, 9));
        if (i % 3 == 0) {
          table.free_leaf(mine.front());
          mine.erase(mine.begin());
        }
      }
    });
  for (auto& w : workers)
    w.join();
  std::set<node_slot> all;
  for (int t = 0; t < threads; ++t)
    for (node_slot slot : kept[t]) {
      BOOST_REQUIRE(all.insert(slot).second);
      BOOST_REQUIRE(table.parent_of(slot) == static_cast<dir_slot>(t));
    }
}

BOOST_AUTO_TEST_CASE(threads_never_get_one_slot_twice) {
  gitfs::inode_table table;
  constexpr int threads = 4, rounds = 3000;
  std::vector<std::vector<dir_slot>> kept(threads);
  std::vector<std::thread> workers;
  for (int t = 0; t < threads; ++t)
    workers.emplace_back([&table, &mine = kept[t]] {
      for (int i = 0; i < rounds; ++i) {
        mine.push_back(*table.allocate(0, 7, link_at(0)));
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
