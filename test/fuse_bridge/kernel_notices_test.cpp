// What is written to the kernel, here a pipe.
#include "config/unique_fd.hpp"
#include "fuse_bridge/kernel_notices.hpp"

#include <boost/test/unit_test.hpp>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <array>
#include <chrono>
#include <fcntl.h>
#include <memory>
#include <string>
#include <thread>
#include <unistd.h>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(kernel_notices)

namespace {

/// A pipe without room: who writes to it waits for `take_all`.
struct full_pipe {
  full_pipe() {
    std::array<int, 2> made{};
    BOOST_REQUIRE(::pipe2(made.data(), O_CLOEXEC | O_NONBLOCK) == 0);
    ends = {unique_fd{made[0]}, unique_fd{made[1]}};
    const std::string filling(4096, 'x');
    for (ssize_t size = 0; (size = ::write(ends[1].get(), filling.data(), filling.size())) > 0;)
      filled += static_cast<std::size_t>(size);
    ::fcntl(ends[1].get(), F_SETFL, 0);
  }
  /// Bytes that were written behind what it was filled with, until `done` says so.
  template <class Done>
  std::size_t take_all(const Done& done) {
    std::array<char, 4096> some{};
    std::size_t taken = 0;
    for (bool last = false;;) {
      const ssize_t size = ::read(ends[0].get(), some.data(), some.size());
      if (size > 0) {
        taken += static_cast<std::size_t>(size);
        continue;
      }
      if (last)
        return taken - filled;
      last = done(); // and once more: it may have been written just before
      std::this_thread::yield();
    }
  }

  std::array<unique_fd, 2> ends;
  std::size_t filled = 0;
};

} // namespace

BOOST_AUTO_TEST_CASE(what_waits_behind_a_notification_is_not_written_at_the_end) {
  caf::actor_system_config config;
  caf::actor_system system{config};
  full_pipe pipe;
  const auto move = std::make_shared<int>();
  gitfs::kernel_notices notices{system, pipe.ends[1].get(), "/"};
  const std::string name(100, 'n');
  for (int i = 0; i < 50; ++i)
    notices.changed({1, std::vector<std::string>(20, name), {2, 3}, move});
  notices.end();
  const std::size_t written = pipe.take_all([&] { return notices.ended(); });
  BOOST_TEST(written < 2 * name.size()); // one at most
  system.await_all_actors_done();
  BOOST_TEST(move.use_count() == 1); // nobody waits for these moves
}

BOOST_AUTO_TEST_CASE(what_comes_after_the_end_is_ignored) {
  caf::actor_system_config config;
  caf::actor_system system{config};
  full_pipe pipe;
  gitfs::kernel_notices notices{system, pipe.ends[1].get(), "/"};
  notices.end();
  BOOST_TEST(pipe.take_all([&] { return notices.ended(); }) == 0U);
  notices.changed({1, {"a"}, {}, {}});
  notices.forget({1, 2});
  system.await_all_actors_done();
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
