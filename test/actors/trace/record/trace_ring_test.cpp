// The ring of blocks: the oldest is used again, but not what waits for the file; and readers see whole records only.
#include "actors/trace/read/trace_reader.hpp"
#include "actors/trace/record/block_ring.hpp"

#include "test/support/outcome.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(trace_ring)

namespace {

using namespace gitfs::trace;

void put(block_writer& to, std::uint64_t order) {
  encoder e = to.begin(static_cast<std::uint32_t>(kind::interrupted), order, order);
  e.number(0);
  e.number(order);
  to.end(e);
}

// As a thread does it: records from `first` on until the block is full. Gives the next one's order.
std::uint64_t fill(block_ring& ring, block_ring::slot& s, std::uint64_t first, std::uint64_t step = 1) {
  block_writer writer{ring.bytes_of(s)};
  for (; writer.has_room(); first += step) {
    put(writer, first);
    block_ring::publish(s, writer);
  }
  ring.finish(s);
  return first;
}

contents read(std::string& blocks) {
  char head[file_header_size];
  put_file_header(head, {});
  blocks.insert(0, head, sizeof head);
  auto out = read_bytes(blocks);
  BOOST_REQUIRE_MESSAGE(out, reason_of(out));
  return std::move(out.value());
}

std::string all(block_ring& ring) {
  std::string out;
  for (std::size_t i = 0; i < ring.size(); ++i)
    out += ring.read(i);
  return out;
}

} // namespace

BOOST_AUTO_TEST_CASE(the_oldest_is_used_again) {
  block_ring ring{0, false}; // the least that there is
  std::uint64_t order = 1;
  std::uint64_t kept_from = 0;
  for (std::size_t i = 0; i < ring.size() + 3; ++i) {
    auto* s = ring.claim();
    BOOST_REQUIRE(s != nullptr);
    if (i == 3)
      kept_from = order;
    order = fill(ring, *s, order);
  }
  std::string blocks = all(ring);
  const contents in = read(blocks);
  BOOST_TEST(in.records.front().order == kept_from);
  BOOST_TEST(in.records.back().order == order - 1);
  BOOST_TEST(in.records.size() == order - kept_from);
}

BOOST_AUTO_TEST_CASE(what_is_in_use_or_waits_for_the_file_is_not) {
  block_ring ring{0, true};
  auto* held = ring.claim();
  BOOST_REQUIRE(held != nullptr);
  std::uint64_t order = 1;
  for (std::size_t i = 0; i + 1 < ring.size(); ++i)
    order = fill(ring, *ring.claim(), order);
  BOOST_TEST(ring.claim() == nullptr);
  std::string blocks = ring.next_for_file(); // the oldest
  BOOST_TEST(ring.claim() != nullptr);
  BOOST_TEST(ring.claim() == nullptr);
  for (std::string each = ring.next_for_file(); !each.empty(); each = ring.next_for_file())
    blocks += each;
  const contents in = read(blocks);
  BOOST_TEST(in.records.size() == order - 1);
  BOOST_TEST(ring.read_unfinished(0).empty());
}

BOOST_AUTO_TEST_CASE(readers_see_whole_records_only) {
  constexpr std::uint64_t threads = 3;
  block_ring ring{0, false};
  std::atomic<bool> end{false};
  std::vector<std::thread> writers;
  for (std::uint64_t t = 0; t < threads; ++t)
    writers.emplace_back([&ring, &end, t] {
      for (std::uint64_t order = t + 1; !end;)
        if (auto* s = ring.claim())
          order = fill(ring, *s, order, threads);
    });
  std::size_t seen = 0;
  for (int round = 0; round < 100 || seen == 0; ++round) {
    std::string blocks = all(ring);
    const contents in = read(blocks);
    std::set<std::uint64_t> orders;
    for (const record& r : in.records) {
      BOOST_REQUIRE(number_in(r, "request") == r.order);
      orders.insert(r.order);
    }
    BOOST_REQUIRE(orders.size() == in.records.size());
    seen += orders.size();
  }
  end = true;
  for (std::thread& each : writers)
    each.join();
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
