// Watches the start of a mount, which may have to wait for a server: cancels it when nobody wants it any more or when
// it takes too long, and tells the user what it waits for.
#pragma once

#include "config/unique_fd.hpp"

#include <chrono>
#include <stop_token>
#include <string>
#include <thread>

namespace gitfs {

/// The ending signals must be blocked (block_ending_signals). While this object lives, a thread of it takes SIGTERM and
/// SIGINT; later ones are left to mount_session::wait_for_end. After three seconds the thread says what the start waits
/// for: on a terminal in a line that is erased at the end, else in the log.
class start_watch {
public:
  /// `caller`: a descriptor on which poll reports an error when the process that waits for the mount has ended, as by
  /// Ctrl-C; -1: there is no such process. `what`: the server that the start waits for, as a URL without credentials.
  /// `patience`: how long the whole start may take.
  start_watch(int caller, std::string what, std::chrono::milliseconds patience);
  ~start_watch();
  start_watch(const start_watch&) = delete;
  start_watch& operator=(const start_watch&) = delete;

  /// Stop is requested on a signal, when the caller has ended, and when the start takes too long.
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
  outcome outcome_ = outcome::in_time; ///< belongs to the thread until the thread has ended
  bool said_ = false;                  ///< belongs to the thread
  unique_fd ended_;                    ///< an eventfd by which end() tells the thread to end
  std::thread thread_;
};

} // namespace gitfs
