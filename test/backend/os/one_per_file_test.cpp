#include "backend/os/one_per_file.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <future>
#include <stdexcept>
#include <thread>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(one_per_file)

namespace {

struct slow_to_close {
  std::promise<void>& closing;
  std::future<void>& other_made;
  bool& overlapped;
  ~slow_to_close() {
    closing.set_value();
    // Long enough for who does not wait; who does is not made before this is over.
    overlapped = other_made.wait_for(std::chrono::milliseconds{300}) == std::future_status::ready;
  }
};

} // namespace

BOOST_AUTO_TEST_CASE(who_names_the_same_file_gets_the_same) {
  gitfs::one_per_file<int> all;
  const auto make = [] { return std::make_unique<int>(7); };
  const auto one = all.get("/tmp/a", make);
  BOOST_TEST(all.get("/tmp/b/../a", make) == one);
  BOOST_TEST(all.get("/tmp/b", make) != one);
}

BOOST_AUTO_TEST_CASE(another_is_not_made_before_the_last_one_is_gone) {
  gitfs::one_per_file<slow_to_close> all;
  std::promise<void> closing, made;
  std::future<void> other_made = made.get_future();
  bool overlapped = false;
  auto first = all.get("/tmp/a", [&] {
    return std::unique_ptr<slow_to_close>{new slow_to_close{closing, other_made, overlapped}};
  });
  std::thread closer{[&] { first.reset(); }};
  closing.get_future().wait();
  bool removed = false;
  all.unless_there("/tmp/a", [&] { removed = true; });
  BOOST_TEST(!removed);
  std::promise<void> closing_again;
  std::future<void> nobody = std::async(std::launch::deferred, [] {});
  bool ignored = false;
  auto second = all.get("/tmp/a", [&] {
    made.set_value();
    return std::unique_ptr<slow_to_close>{new slow_to_close{closing_again, nobody, ignored}};
  });
  closer.join();
  BOOST_TEST(!overlapped);
  second.reset();
  all.unless_there("/tmp/a", [&] { removed = true; });
  BOOST_TEST(removed);
}

BOOST_AUTO_TEST_CASE(one_that_cannot_be_made_does_not_stop_the_next) {
  gitfs::one_per_file<int> all;
  BOOST_CHECK_THROW(all.get("/tmp/a", []() -> std::unique_ptr<int> { throw std::runtime_error{"told to"}; }),
                    std::runtime_error);
  BOOST_TEST(*all.get("/tmp/a", [] { return std::make_unique<int>(7); }) == 7);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
