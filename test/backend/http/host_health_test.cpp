#include "backend/http/host_health.hpp"

#include <boost/test/unit_test.hpp>

namespace gitfs::test {

namespace host_health {

using namespace std::chrono_literals;

namespace {

using turn = gitfs::host_health::turn;

const gitfs::host_health::clock::time_point start{1000s};

// Each pause as long as it can be: 200 ms, 400 ms, ... 10 s.
struct fixture {
  gitfs::host_health host{{200ms, 10s}, [] { return 1.0; }};

  bool says(turn what, std::chrono::milliseconds after, std::chrono::milliseconds patience = 60s) const {
    return host.ask(start + after, patience).what == what;
  }
  std::chrono::milliseconds next_try() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(host.next_try() - start);
  }
  void probe_fails(std::chrono::milliseconds after) {
    host.probe_begins();
    host.is_away(start + after, true);
  }
};

} // namespace

} // namespace host_health

BOOST_FIXTURE_TEST_SUITE(host_health, host_health::fixture)

BOOST_AUTO_TEST_CASE(lets_all_through_while_nothing_is_wrong) {
  BOOST_TEST(says(turn::go, 0s));
  BOOST_TEST(!host.has_answered());
  BOOST_TEST(!host.answered(start).has_value());
  BOOST_TEST(host.has_answered());
  BOOST_TEST(says(turn::go, 0s));
}

BOOST_AUTO_TEST_CASE(many_that_fail_together_count_once_and_one_looks_for_all) {
  for (int i = 0; i < 8; ++i)
    host.is_away(start + i * 10ms, false);
  BOOST_TEST(host.failures() == 1U);
  BOOST_TEST(says(turn::wait, 100ms));
  BOOST_TEST((host.ask(start + 100ms, 60s).until == start + 200ms));
  BOOST_TEST(says(turn::probe, 200ms));
  host.probe_begins();
  BOOST_TEST(says(turn::wait, 200ms));
  host.is_away(start + 210ms, false); // one that was still on its way does not end the probe
  BOOST_TEST(says(turn::wait, 300ms));
  host.is_away(start + 300ms, true);
  BOOST_TEST(host.failures() == 2U);
  BOOST_TEST((next_try() == 700ms));
}

BOOST_AUTO_TEST_CASE(looks_ever_more_seldom_down_to_every_ten_seconds) {
  host.is_away(start, false);
  std::chrono::milliseconds at = next_try(), pause = at;
  for (int i = 0; i < 8; ++i) {
    probe_fails(at);
    const auto before = std::exchange(pause, next_try() - at);
    BOOST_TEST((pause == std::min(std::chrono::milliseconds{10s}, before * 2)));
    at = next_try();
  }
  BOOST_TEST((pause == 10s));
}

BOOST_AUTO_TEST_CASE(comes_back_with_the_first_answer_and_says_for_how_long_it_was_away) {
  host.answered(start);
  host.is_away(start, false);
  probe_fails(200ms);
  host.probe_begins();
  const auto away = host.answered(start + 3s);
  BOOST_REQUIRE(away.has_value());
  BOOST_TEST((*away == 3s));
  BOOST_TEST(says(turn::go, 3s));
  // and goes again as one that has never gone
  host.is_away(start + 5s, false);
  BOOST_TEST(host.failures() == 1U);
  BOOST_TEST((next_try() == 5200ms));
}

BOOST_AUTO_TEST_CASE(the_wait_is_the_host_s_and_begins_when_it_goes) {
  host.answered(start);
  host.is_away(start, false);
  for (auto at = next_try(); at < 60s; at = next_try())
    probe_fails(at);
  // one that comes just before the end waits until that, and no longer
  const auto last = host.ask(start + 59'999ms, 60s);
  BOOST_TEST((last.what == turn::wait && last.until == start + 60s));
  // then one looks, and who comes meanwhile is told at once
  BOOST_TEST(says(turn::last_probe, 60s));
  host.probe_begins();
  BOOST_TEST(says(turn::fail, 60s));
  BOOST_TEST(says(turn::fail, 70s));
  host.is_away(start + 70s, true);
  BOOST_TEST(says(turn::last_probe, 70s));
  host.probe_begins();
  host.answered(start + 71s);
  BOOST_TEST(says(turn::go, 71s));
}

BOOST_AUTO_TEST_CASE(who_stops_looking_leaves_it_to_the_next) {
  host.is_away(start, false);
  host.probe_begins();
  BOOST_TEST(says(turn::wait, 1s));
  host.probe_given_up();
  BOOST_TEST(says(turn::probe, 1s));
}

BOOST_AUTO_TEST_CASE(a_busy_host_is_left_alone_by_all_for_as_long_as_it_says) {
  host.is_busy(start, 7s, 60s, false);
  BOOST_TEST(host.busy());
  BOOST_TEST((next_try() == 7200ms));
  for (int i = 0; i < 8; ++i) // those that were on their way
    host.is_busy(start + 10ms, 7s, 60s, false);
  BOOST_TEST((next_try() == 7200ms));
  host.is_busy(start + 20ms, 9s, 60s, false);
  BOOST_TEST((next_try() == 9020ms));
  BOOST_TEST(says(turn::wait, 9s));
  BOOST_TEST(says(turn::probe, 9020ms));
}

BOOST_AUTO_TEST_CASE(without_a_word_how_long_the_pauses_grow_until_one_is_enough) {
  std::chrono::milliseconds at{0};
  for (const auto expected : {200ms, 400ms, 800ms, 1600ms}) {
    host.is_busy(start + at, 0s, 60s, false);
    BOOST_TEST((next_try() - at == expected));
    at = next_try();
    host.probe_begins();
    host.answered(start + at); // the probe gets through, and so does not the next one
    at += 10ms;
  }
  // As long as the last pause without another one, and it begins anew.
  at = 60s;
  host.is_busy(start + at, 0s, 60s, false);
  BOOST_TEST((next_try() - at == 200ms));
}

BOOST_AUTO_TEST_CASE(a_host_that_wants_to_be_left_alone_for_ever_is_asked_after_as_long_as_requests_wait) {
  host.is_busy(start, std::chrono::seconds::max(), 60s, false);
  BOOST_TEST((next_try() == 60'200ms));
}

BOOST_AUTO_TEST_CASE(a_busy_host_may_go_away_and_an_absent_one_be_busy) {
  host.is_busy(start, 1s, 60s, false);
  host.is_away(start + 10ms, false);
  BOOST_TEST(!host.busy());
  BOOST_TEST(host.failures() == 1U);
  host.probe_begins();
  host.is_busy(start + 500ms, 1s, 60s, true);
  BOOST_TEST(host.busy());
  BOOST_TEST((next_try() == 1700ms));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
