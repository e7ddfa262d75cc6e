#include "backend/os/file_lock.hpp"

#include "test/support/background.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <csignal>
#include <optional>
#include <pthread.h>
#include <thread>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(file_lock)

BOOST_AUTO_TEST_CASE(one_at_a_time_or_many_who_share) {
  const temp_dir dir;
  using lock = gitfs::file_lock;
  std::optional<lock> first{std::in_place, dir.path(), lock::mode::shared, false};
  BOOST_TEST(first->held());
  BOOST_TEST((lock{dir.path(), lock::mode::shared, false}.held()));
  BOOST_TEST(!(lock{dir.path(), lock::mode::exclusive, false}.held()));
  BOOST_TEST((lock{dir.path(), lock::mode::exclusive, false}.failure()) == EWOULDBLOCK);
  first.reset();
  BOOST_TEST((lock{dir.path(), lock::mode::exclusive, false}.held()));
  BOOST_TEST(!(lock{dir / "nothing", lock::mode::exclusive, true}.held()));
  BOOST_TEST((lock{dir / "nothing", lock::mode::exclusive, true}.failure()) == ENOENT);
}

// A signal that is meant for somebody else must not make who waits go on without the lock.
BOOST_AUTO_TEST_CASE(who_waits_is_not_disturbed_by_signals) {
  const temp_dir dir;
  using lock = gitfs::file_lock;
  struct sigaction before, nothing{};
  nothing.sa_handler = [](int) {};
  ::sigaction(SIGUSR1, &nothing, &before);
  std::optional<lock> first{std::in_place, dir.path(), lock::mode::exclusive, true};
  bool held = false;
  std::thread waiter{[&] { held = lock{dir.path(), lock::mode::exclusive, true}.held(); }};
  for (int i = 0; i < 30; ++i) {
    ::pthread_kill(waiter.native_handle(), SIGUSR1);
    pause_for(std::chrono::milliseconds{10});
  }
  first.reset();
  waiter.join();
  ::sigaction(SIGUSR1, &before, nullptr);
  BOOST_TEST(held);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
