// Following a ring while threads fill it: every record once, or counted as missing.
#include "actors/trace/read/ring_tail.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cstdlib>
#include <set>
#include <thread>
#include <vector>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(ring_tail)

namespace {

using namespace gitfs::trace;

class recording_thread {
public:
  explicit recording_thread(block_ring& ring) : ring_(ring) {}
  ~recording_thread() {
    if (at_ != nullptr)
      ring_.finish(*at_);
  }

  void put(std::uint64_t order, std::uint64_t time) {
    if (!writer_.has_room()) {
      if (at_ != nullptr)
        ring_.finish(*at_);
      at_ = ring_.claim();
      if (at_ == nullptr)
        std::abort(); // Boost.Test is for one thread
      writer_ = block_writer{ring_.bytes_of(*at_)};
    }
    encoder e = writer_.begin(static_cast<std::uint32_t>(kind::interrupted), order, time);
    e.number(0);
    e.number(order);
    writer_.end(e);
    block_ring::publish(*at_, writer_);
  }

private:
  block_ring& ring_;
  block_ring::slot* at_ = nullptr;
  block_writer writer_;
};

} // namespace

BOOST_AUTO_TEST_CASE(records_come_once_in_the_order_of_time_and_a_little_late) {
  block_ring ring{0, false};
  gitfs::trace::ring_tail tail{ring};
  recording_thread one{ring};
  recording_thread two{ring};
  one.put(1, 10);
  two.put(3, 30);
  one.put(2, 20);
  BOOST_TEST(tail.read(100, false).empty()); // a thread may still publish what was before
  two.put(4, 40);
  one.put(5, 150);
  const auto& now = tail.read(200, false);
  BOOST_REQUIRE(now.size() == 4U);
  for (std::size_t i = 0; i < now.size(); ++i) {
    BOOST_TEST(now[i].order == i + 1);
    BOOST_TEST(number_in(now[i], "request") == i + 1);
  }
  one.put(6, 250);
  const auto& last = tail.read(300, true);
  BOOST_REQUIRE(last.size() == 2U);
  BOOST_TEST(last[1].order == 6U);
  BOOST_TEST(tail.given() == 6U);
  BOOST_TEST(tail.read(400, true).empty());
}

BOOST_AUTO_TEST_CASE(what_was_overwritten_is_missing_and_the_rest_is_right) {
  block_ring ring{0, false};
  gitfs::trace::ring_tail tail{ring};
  recording_thread one{ring};
  const std::uint64_t many = 200'000; // more than fits
  for (std::uint64_t i = 1; i <= many; ++i)
    one.put(i, i);
  std::uint64_t before = 0;
  for (const record& each : tail.read(many, true)) {
    BOOST_REQUIRE(each.order > before);
    BOOST_REQUIRE(number_in(each, "request") == each.order);
    before = each.order;
  }
  BOOST_TEST(before == many);
  BOOST_TEST(tail.given() > 1'000U);
  BOOST_TEST(tail.given() < many);
  BOOST_TEST(tail.take_lost(many, false) == 0U); // too early to tell
  tail.read(many + 1, false);
  BOOST_TEST(tail.take_lost(many, false) == 0U);
  tail.read(many + 2, false);
  BOOST_TEST(tail.take_lost(many, false) == many - tail.given());
  BOOST_TEST(tail.take_lost(many, true) == 0U); // counted once
}

BOOST_AUTO_TEST_CASE(while_threads_record) {
  block_ring ring{std::size_t{16} << 20, false}; // so large that nothing is overwritten
  gitfs::trace::ring_tail tail{ring};
  std::atomic<std::uint64_t> last{0};
  std::atomic<int> running{2};
  constexpr std::uint64_t each_puts = 100'000;
  const auto record_all = [&] {
    recording_thread me{ring};
    for (std::uint64_t i = 0; i < each_puts; ++i) {
      const std::uint64_t order = ++last;
      me.put(order, order);
    }
    --running;
  };
  std::thread one{record_all};
  std::thread two{record_all};
  std::set<std::uint64_t> seen;
  std::size_t wrong = 0;
  const auto look = [&](bool at_end) {
    for (const record& r : tail.read(last, at_end))
      wrong += !seen.insert(r.order).second || number_in(r, "request") != r.order ? 1U : 0U;
  };
  while (running != 0)
    look(false);
  one.join();
  two.join();
  look(true);
  BOOST_TEST(tail.take_lost(last, true) == 0U);
  BOOST_TEST(wrong == 0U);
  BOOST_TEST(seen.size() == 2 * each_puts);
  BOOST_TEST(*seen.rbegin() == 2 * each_puts);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
