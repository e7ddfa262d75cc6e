#include "cli/commands/start_watch.hpp"

#include "config/log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <iterator>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace gitfs {

namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

constexpr std::chrono::seconds silent{3}; // nobody wonders about so short a time

// The watch waits a little longer than the limit of a single request, which is the same, because the error of a request
// says better what has failed.
constexpr std::chrono::seconds grace{1};

long seconds_of(std::chrono::milliseconds time) {
  return static_cast<long>(std::chrono::ceil<std::chrono::seconds>(time).count());
}

void write_to_terminal(const std::string& text) {
  (void)!::write(STDERR_FILENO, text.data(), text.size());
}

} // namespace

start_watch::start_watch(int caller, std::string what, std::chrono::milliseconds patience)
  : what_(std::move(what)),
    patience_(patience),
    terminal_(::isatty(STDERR_FILENO) != 0),
    ended_(::eventfd(0, EFD_CLOEXEC)) {
  if (!ended_)
    throw std::system_error(errno, std::generic_category(), "eventfd");
  thread_ = std::thread{[this, caller] { watch(caller); }};
}

start_watch::~start_watch() {
  end();
}

start_watch::outcome start_watch::end() {
  if (thread_.joinable()) {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(ended_.get(), &one, sizeof one);
    thread_.join();
  }
  return outcome_;
}

void start_watch::say(std::chrono::seconds passed) {
  if (terminal_) // the terminal must not wrap the line, because only one line is erased at the end
    write_to_terminal(fmt::format("\r\x1b[?7lgitfs-actor: waiting for {}: {} s of at most {}\x1b[K\x1b[?7h", what_,
                                  passed.count(), seconds_of(patience_)));
  else if (!said_)
    log::info("waiting for {}, at most {} s in all", what_, seconds_of(patience_));
  said_ = true;
}

void start_watch::watch(int caller) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  const unique_fd signals{::signalfd(-1, &set, SFD_CLOEXEC)};
  pollfd ways[] = {
      {ended_.get(), POLLIN, 0}, {signals.get(), POLLIN, 0}, {caller, 0, 0}}; // poll ignores a caller of -1
  const auto began = steady::now(), until = began + patience_ + grace;
  for (auto next = began + silent;;) {
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(std::min(next, until) - steady::now());
    const int ready = ::poll(ways, std::size(ways), static_cast<int>(std::clamp(wait, 0ms, 60'000ms).count()));
    if (ready < 0 && errno == EINTR)
      continue;
    if (ready != 0)
      break;
    const auto now = steady::now();
    if (now >= until) {
      outcome_ = outcome::overdue;
      break;
    }
    if (now >= next) {
      say(std::chrono::floor<std::chrono::seconds>(now - began));
      next += 1s;
    }
  }
  if (ways[1].revents != 0) {
    signalfd_siginfo taken{};
    [[maybe_unused]] const auto got = ::read(signals.get(), &taken, sizeof taken);
  }
  if (ways[1].revents != 0 || ways[2].revents != 0)
    outcome_ = outcome::cancelled;
  if (said_ && terminal_)
    write_to_terminal("\r\x1b[K");
  if (outcome_ != outcome::in_time)
    stop_.request_stop();
}

} // namespace gitfs
