// The clock of traces keeps to the steady one, whatever it is read from, and respects causes.
#include "actors/trace/record/trace_clock.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdint>

namespace gitfs::test {

namespace trace_clock {

using gitfs::trace::clock_now;
using gitfs::trace::clock_now_after;

namespace {

std::uint64_t steady_now() {
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}

struct started_clock {
  started_clock() { gitfs::trace::start_clock(); }
};

} // namespace

} // namespace trace_clock

BOOST_FIXTURE_TEST_SUITE(trace_clock, trace_clock::started_clock)

BOOST_AUTO_TEST_CASE(it_keeps_to_the_steady_clock_and_never_goes_back) {
  constexpr std::uint64_t long_enough = 20'000'000, allowed = 50'000; // ns
  const std::uint64_t begin = steady_now();
  std::uint64_t early = 0, late = 0, backwards = 0, last = 0;
  for (std::uint64_t before = begin; before - begin < long_enough;) {
    const std::uint64_t now = clock_now(), after = steady_now();
    early += now + allowed < before ? 1 : 0;
    late += now > after + allowed ? 1 : 0;
    backwards += now < last ? 1 : 0;
    last = now;
    before = after;
  }
  BOOST_TEST(early == 0U);
  BOOST_TEST(late == 0U);
  BOOST_TEST(backwards == 0U);
}

// A thread whose clock is a little behind takes a message: nothing that it records is before the sending.
BOOST_AUTO_TEST_CASE(what_a_message_leads_to_is_not_before_its_sending) {
  const std::uint64_t sent = clock_now() + 3'600'000'000'000U;
  BOOST_TEST(clock_now_after(sent) >= sent);
  BOOST_TEST(clock_now() >= sent);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
