#include "backend/http/retry.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(retry)

namespace bdata = boost::unit_test::data;
using namespace std::chrono_literals;

namespace {

const retry_policy::clock::time_point start{1000s};

retry_policy policy_with(double random, std::chrono::milliseconds total = 100s, retry_limits limits = {200ms, 1s, 6}) {
  return {limits, start + total, [random] { return random; }};
}

} // namespace

BOOST_AUTO_TEST_CASE(doubles_up_to_the_longest_and_ends) {
  auto policy = policy_with(1.0);
  for (const auto expected : {200ms, 400ms, 800ms, 1000ms, 1000ms}) {
    const auto wait = policy.next(start, 0s);
    BOOST_REQUIRE(wait.has_value());
    BOOST_TEST(wait->count() == expected.count());
  }
  BOOST_TEST(!policy.next(start, 0s).has_value());
}

BOOST_AUTO_TEST_CASE(spreads_by_the_random_value_but_never_to_nothing) {
  BOOST_TEST(policy_with(0.0).next(start, 0s)->count() == 20);
  BOOST_TEST(policy_with(0.5).next(start, 0s)->count() == 110);
}

BOOST_AUTO_TEST_CASE(waits_at_least_as_long_as_the_server_asks) {
  BOOST_TEST((policy_with(0.0).next(start, 7s) == 7020ms));
}

BOOST_AUTO_TEST_CASE(gives_up_when_the_wait_would_outlast_the_deadline) {
  BOOST_TEST(!policy_with(1.0, 200ms).next(start, 0s).has_value());
  BOOST_TEST(policy_with(1.0, 201ms).next(start, 0s).has_value());
  BOOST_TEST(!policy_with(0.0).next(start + 95s, 5s).has_value());
  BOOST_TEST(!policy_with(0.0).next(start, std::chrono::seconds::max()).has_value());
  BOOST_TEST(!policy_with(0.0).next(start + 200s, 0s).has_value());
}

BOOST_AUTO_TEST_CASE(one_attempt_means_no_retry) {
  BOOST_TEST(!policy_with(0.0, 100s, {200ms, 1s, 1}).next(start, 0s).has_value());
}

BOOST_DATA_TEST_CASE(retries_statuses_that_may_pass, bdata::make({408, 425, 429, 500, 502, 503, 504}), status) {
  BOOST_TEST(transient_status(status));
}

BOOST_DATA_TEST_CASE(does_not_retry_the_others, bdata::make({200, 400, 401, 403, 404, 410, 413, 501, 505}), status) {
  BOOST_TEST(!transient_status(status));
}

BOOST_AUTO_TEST_CASE(random_values_are_in_the_unit_interval) {
  for (int i = 0; i < 1000; ++i) {
    const double value = random_unit();
    BOOST_TEST((value >= 0 && value < 1));
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
