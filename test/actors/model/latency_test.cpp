#include "actors/model/latency.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <limits>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

namespace gitfs::test {

using std::chrono::nanoseconds;

BOOST_AUTO_TEST_SUITE(latency)

BOOST_AUTO_TEST_CASE(a_quantile_is_at_most_a_quarter_too_long) {
  for (std::int64_t ns = 1; ns < std::int64_t{1} << 58; ns = ns * 9 / 8 + 1) {
    latency_histogram h;
    h.add(nanoseconds{ns});
    const auto told = h.quantile(0.5).count();
    BOOST_REQUIRE_GE(told, ns);
    BOOST_REQUIRE_LE(told, ns + ns / 4);
  }
}

BOOST_AUTO_TEST_CASE(quantiles_of_many) {
  latency_histogram h;
  BOOST_TEST(h.quantile(0.99).count() == 0);
  for (int i = 1; i <= 1000; ++i)
    h.add(nanoseconds{i * 1000});
  BOOST_TEST(h.count() == 1000u);
  for (const auto& [q, exact] : {std::pair{0.5, 500'000}, {0.9, 900'000}, {0.99, 990'000}, {1.0, 1'000'000}}) {
    BOOST_TEST(h.quantile(q).count() >= exact);
    BOOST_TEST(h.quantile(q).count() <= exact * 5 / 4);
  }
}

BOOST_AUTO_TEST_CASE(the_ends_of_the_scale) {
  latency_histogram h;
  h.add(nanoseconds{0});
  h.add(nanoseconds{-5}); // a clock that went back
  BOOST_TEST(h.quantile(1).count() == 0);
  h.add(nanoseconds::max());
  BOOST_TEST(h.count() == 3u);
  BOOST_TEST(h.quantile(1).count() > std::numeric_limits<std::int64_t>::max() / 2);
}

BOOST_AUTO_TEST_CASE(coarser_for_others_to_add_up) {
  latency_histogram h;
  const auto bounds = latency_histogram::bounds();
  BOOST_TEST(std::is_sorted(bounds.begin(), bounds.end()));
  for (const std::int64_t ns : {1, 1023, 1024, 2047, 2048, 1 << 20})
    h.add(nanoseconds{ns});
  h.add(std::chrono::hours{1});
  const auto counts = h.counts();
  BOOST_REQUIRE(counts.size() == bounds.size() + 1);
  BOOST_TEST(bounds[0] == 1023e-9);
  BOOST_TEST(counts[0] == 2u);
  BOOST_TEST(counts[1] == 2u);
  BOOST_TEST(counts[2] == 1u);
  BOOST_TEST(counts[11] == 1u); // 2^20 and up to below 2^21
  BOOST_TEST(counts.back() == 1u);
  BOOST_TEST(std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}) == h.count());
  BOOST_TEST(h.sum() > 3600.0);
  BOOST_TEST(h.sum() < 3600.1);
}

BOOST_AUTO_TEST_CASE(threads_lose_nothing) {
  latency_histogram h;
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&h, t] {
      for (int i = 0; i < 10'000; ++i)
        h.add(nanoseconds{i * (t + 1)});
    });
  threads.clear();
  BOOST_TEST(h.count() == 40'000u);
}

BOOST_AUTO_TEST_CASE(only_kinds_that_there_were_are_told) {
  latencies all;
  all.of(counter::read).add(nanoseconds{3});
  BOOST_TEST(all.text() == "kernel.read.p50_ns 3\nkernel.read.p90_ns 3\nkernel.read.p99_ns 3\n");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
