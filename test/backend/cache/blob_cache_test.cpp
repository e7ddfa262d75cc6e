#include "backend/cache/blob_cache.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <thread>
#include <vector>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(blob_cache)

namespace {

// Blobs of chosen sizes; counts how often each is inflated.
class counting_db final : public object_db {
public:
  oid add(std::uint8_t n, std::size_t size) {
    oid id;
    id.bytes[0] = n;
    sizes_[id] = size;
    return id;
  }
  std::size_t reads(const oid& id) { return reads_[id]; }

  result<object> read(const oid& id) override {
    auto it = sizes_.find(id);
    if (it == sizes_.end())
      return fail(ENOENT, "not here");
    ++reads_[id];
    auto data = std::make_shared<std::string>(it->second, static_cast<char>(id.bytes[0]));
    return object{object_type::blob, data, *data};
  }
  bool contains(const oid& id) override { return sizes_.contains(id); }
  void sizes(std::span<const oid>, std::span<std::uint64_t>) override {}

private:
  std::map<oid, std::size_t> sizes_, reads_;
};

constexpr std::size_t large = 200'000, piece = 100'000, small_piece = 10'000;

} // namespace

BOOST_AUTO_TEST_CASE(a_blob_is_inflated_once_for_all_its_pieces_in_any_order_and_then_not_kept) {
  counting_db db;
  memory_budget memory{10 * large};
  gitfs::blob_cache cache{db, memory};
  const oid big = db.add(1, large), small = db.add(2, 1000), empty = db.add(3, 0);
  for (int i = 0; i < 2; ++i)
    for (const oid& id : {big, small, empty})
      BOOST_TEST(cache.read(id, piece).has_value());
  BOOST_TEST(db.reads(big) == 1U);
  BOOST_TEST(db.reads(small) == 2U); // the kernel keeps it; twice would only cost memory
  BOOST_TEST(cache.read(empty, piece).value().data().empty());
  for (const oid& id : {big, small, empty})
    BOOST_TEST(!cache.cached(id, piece).has_value());
  BOOST_TEST(memory.used(memory_budget::kind::blobs) == 0U);
}

BOOST_AUTO_TEST_CASE(the_least_recently_used_goes_first) {
  counting_db db;
  memory_budget memory{2 * large + 1};
  gitfs::blob_cache cache{db, memory};
  const oid a = db.add(1, large), b = db.add(2, large), c = db.add(3, large);
  for (const oid& id : {a, b, a, c})
    (void)cache.read(id, small_piece);
  BOOST_TEST(cache.cached(a, small_piece).has_value());
  BOOST_TEST(!cache.cached(b, small_piece).has_value());
  BOOST_TEST(cache.cached(c, small_piece).has_value());
}

BOOST_AUTO_TEST_CASE(a_blob_larger_than_the_budget_is_kept_while_it_is_the_latest) {
  counting_db db;
  memory_budget memory{1000};
  gitfs::blob_cache cache{db, memory};
  const oid a = db.add(1, large), b = db.add(2, large);
  for (int i = 0; i < 5; ++i)
    (void)cache.read(a, small_piece);
  BOOST_TEST(db.reads(a) == 1U);
  (void)cache.read(b, small_piece);
  BOOST_TEST(!cache.cached(a, small_piece).has_value());
}

BOOST_AUTO_TEST_CASE(an_error_is_passed_on_and_not_remembered) {
  counting_db db;
  memory_budget memory{1000};
  gitfs::blob_cache cache{db, memory};
  oid id;
  id.bytes[0] = 1;
  BOOST_TEST(cache.read(id, piece).error().code == ENOENT);
  (void)db.add(1, large);
  BOOST_TEST(cache.read(id, piece).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
