#include "backend/os/worker_pool.hpp"

#include "test/support/background.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <future>
#include <map>
#include <string>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(worker_pool)

namespace {

/// Jobs that run until they are let go.
struct held_jobs {
  std::promise<void> go;
  std::shared_future<void> released = go.get_future().share();
  std::atomic<int> running = 0;

  std::function<void()> one() {
    return [this] {
      ++running;
      released.wait();
    };
  }
};

} // namespace

BOOST_AUTO_TEST_CASE(everything_runs_within_the_limits) {
  std::atomic<int> now = 0, most = 0, done = 0;
  {
    gitfs::worker_pool pool{{.threads = 4, .of_one = 4}};
    for (int i = 0; i < 200; ++i)
      pool.run(
          [&] {
            const int with = ++now;
            int before = most;
            while (before < with && !most.compare_exchange_weak(before, with)) {
            }
            std::this_thread::yield();
            --now;
            ++done;
          },
          std::to_string(i % 7));
  }
  BOOST_TEST(done == 200);
  BOOST_TEST(most <= 4);
}

BOOST_AUTO_TEST_CASE(who_does_not_answer_holds_up_nobody_else) {
  held_jobs held;
  gitfs::worker_pool pool{{.threads = 8, .of_one = 3}};
  for (int i = 0; i < 50; ++i)
    pool.run(held.one(), "a");
  BOOST_TEST(eventually([&] { return held.running == 3; }));
  for (int i = 0; i < 50; ++i)
    pool.run(held.one(), "b");
  BOOST_TEST(eventually([&] { return held.running == 6; }));
  for (int i = 0; i < 50; ++i)
    pool.run(held.one(), "c");
  BOOST_TEST(eventually([&] { return held.running == 7; })); // six threads, and the first of the third
  std::promise<void> served;
  pool.run([&] { served.set_value(); }, "d");
  BOOST_TEST((served.get_future().wait_for(patience) == std::future_status::ready));
  BOOST_TEST(held.running == 7);
  BOOST_TEST(pool.threads() <= 8U);
  held.go.set_value();
}

BOOST_AUTO_TEST_CASE(a_job_may_wait_for_one_of_another_name) {
  gitfs::worker_pool pool{{.threads = 4, .of_one = 2}};
  std::atomic<int> done = 0;
  for (int i = 0; i < 20; ++i)
    pool.run(
        [&] {
          std::promise<void> inner;
          pool.run([&] { inner.set_value(); }, "host");
          inner.get_future().wait();
          ++done;
        },
        "opening");
  BOOST_TEST(eventually([&] { return done == 20; }));
}

BOOST_AUTO_TEST_CASE(threads_without_work_end) {
  gitfs::worker_pool pool{{.threads = 8, .of_one = 8, .idle = std::chrono::milliseconds{50}}};
  held_jobs held;
  for (int i = 0; i < 5; ++i)
    pool.run(held.one(), "a");
  BOOST_TEST(eventually([&] { return held.running == 5; }));
  BOOST_TEST(pool.threads() == 5U);
  held.go.set_value();
  BOOST_TEST(eventually([&] { return pool.threads() == 0U; }));
  std::promise<void> again;
  pool.run([&] { again.set_value(); }, "a");
  BOOST_TEST((again.get_future().wait_for(patience) == std::future_status::ready));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
