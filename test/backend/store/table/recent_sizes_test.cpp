// Sizes that are found by guessing where their names stand.
#include "backend/store/table/recent_sizes.hpp"

#include "backend/git/object.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <vector>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(recent_sizes)

namespace {

using put = gitfs::recent_sizes::put;

// `spread`: of the first two bytes; names of git are spread evenly, those of an attacker need not be.
put some_sizes(std::size_t count, std::uint64_t first, std::uint32_t seed, unsigned spread = 0x10000) {
  std::mt19937 random{seed};
  put out;
  for (std::size_t i = 0; i < count; ++i) {
    oid id;
    for (auto& byte : id.bytes)
      byte = static_cast<std::uint8_t>(random());
    const auto head = static_cast<unsigned>(random() % spread);
    id.bytes[0] = static_cast<std::uint8_t>(head >> 8);
    id.bytes[1] = static_cast<std::uint8_t>(head);
    out.emplace_back(id, first + i);
  }
  std::ranges::sort(out);
  return out;
}

// All of `what` is known, with its sizes.
bool knows(gitfs::recent_sizes& in, const put& what) {
  std::vector<oid> ids;
  for (const auto& [id, size] : what)
    ids.push_back(id);
  std::vector<std::uint64_t> sizes(ids.size(), unknown_size);
  return in.get(ids, sizes) == 0
         && std::ranges::equal(what, sizes, [](const auto& each, std::uint64_t size) { return each.second == size; });
}

} // namespace

BOOST_AUTO_TEST_CASE(every_name_is_found_however_names_are_spread) {
  for (const unsigned spread : {0x10000U, 0x100U, 1U}) {
    gitfs::recent_sizes recent;
    const put all = some_sizes(5000, 1, spread, spread);
    recent.add(std::make_shared<const put>(all));
    BOOST_TEST(knows(recent, all), spread);
    const put others = some_sizes(100, 1, spread + 7, spread);
    std::vector<oid> ids;
    for (const auto& [id, size] : others)
      ids.push_back(id);
    std::vector<std::uint64_t> sizes(ids.size(), unknown_size);
    BOOST_TEST(recent.get(ids, sizes) == ids.size());
  }
}

BOOST_AUTO_TEST_CASE(the_newest_counts_and_the_oldest_go) {
  gitfs::recent_sizes recent;
  const put first = some_sizes(2000, 1, 1), again = some_sizes(2000, 50'000, 1);
  recent.add(std::make_shared<const put>(first));
  recent.add(std::make_shared<const put>(again));
  BOOST_TEST(knows(recent, again));
  const put few = some_sizes(10, 1, 2);
  recent.add(std::make_shared<const put>(few));
  BOOST_TEST(!knows(recent, few));
  for (std::uint32_t seed = 3; seed < 7; ++seed)
    recent.add(std::make_shared<const put>(some_sizes(2000, 1, seed)));
  BOOST_TEST(!knows(recent, again));
  const put last = some_sizes(2000, 1, 6);
  BOOST_TEST(knows(recent, last));
  recent.clear();
  BOOST_TEST(!knows(recent, last));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
