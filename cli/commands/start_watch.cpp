#include "cli/commands/start_watch.hpp"

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <iterator>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <system_error>
#include <unistd.h>

namespace gitfs {

start_watch::start_watch(int caller) : ended_(::eventfd(0, EFD_CLOEXEC)) {
  if (!ended_)
    throw std::system_error(errno, std::generic_category(), "eventfd");
  thread_ = std::thread{[this, caller] { watch(caller); }};
}

start_watch::~start_watch() {
  end();
}

bool start_watch::end() {
  if (thread_.joinable()) {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(ended_.get(), &one, sizeof one);
    thread_.join();
  }
  return stop_.stop_requested();
}

void start_watch::watch(int caller) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  const unique_fd signals{::signalfd(-1, &set, SFD_CLOEXEC)};
  pollfd ways[] = {{ended_.get(), POLLIN, 0}, {signals.get(), POLLIN, 0}, {caller, 0, 0}}; // one below 0 is passed over
  while (::poll(ways, std::size(ways), -1) < 0 && errno == EINTR) {
  }
  if (ways[1].revents != 0) {
    signalfd_siginfo taken{};
    [[maybe_unused]] const auto got = ::read(signals.get(), &taken, sizeof taken);
  }
  if (ways[1].revents != 0 || ways[2].revents != 0)
    stop_.request_stop();
}

} // namespace gitfs
