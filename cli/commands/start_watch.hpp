// While a mount starts, which may have to wait for its server: who has lost interest in it, how long it may take, and
// what people are told meanwhile.
#pragma once

#include "config/unique_fd.hpp"

#include <chrono>
#include <stop_token>
#include <string>
#include <thread>

namespace gitfs {

/// Needs the ending signals to be blocked (block_ending_signals). A thread of its own takes SIGTERM and SIGINT while
/// this lives; those that come later stay for mount_session::wait_for_end. After three seconds it says what is waited
/// for: on a terminal in a line that goes away again, else in the log.
class start_watch {
public:
  /// `caller`: becomes an error when who waits for the mount has gone, as by Ctrl-C; -1: nobody does. `what`: is waited
  /// for; a URL without credentials. `patience`: how long all of it together may take.
  start_watch(int caller, std::string what, std::chrono::milliseconds patience);
  ~start_watch();
  start_watch(const start_watch&) = delete;
  start_watch& operator=(const start_watch&) = delete;

  /// Is stopped by a signal, when the caller has gone, and when it takes too long.
  std::stop_token token() const { return stop_.get_token(); }

  enum class outcome { in_time, cancelled, overdue };
  /// Ends the watch.
  outcome end();

private:
  void watch(int caller);
  void say(std::chrono::seconds passed);

  const std::string what_;
  const std::chrono::milliseconds patience_;
  const bool terminal_;
  std::stop_source stop_;
  outcome outcome_ = outcome::in_time; ///< of the thread, until it has ended
  bool said_ = false;                  ///< of the thread
  unique_fd ended_;                    ///< an eventfd: end() to the thread
  std::thread thread_;
};

} // namespace gitfs
