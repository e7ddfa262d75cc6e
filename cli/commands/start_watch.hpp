// While a mount starts, which may have to wait for its server: who has lost interest in it.
#pragma once

#include "config/unique_fd.hpp"

#include <stop_token>
#include <thread>

namespace gitfs {

/// Needs the ending signals to be blocked (block_ending_signals). A thread of its own takes SIGTERM and SIGINT while
/// this lives; those that come later stay for mount_session::wait_for_end.
class start_watch {
public:
  /// `caller`: becomes an error when who waits for the mount has gone, as by Ctrl-C; -1: nobody does.
  explicit start_watch(int caller);
  ~start_watch();
  start_watch(const start_watch&) = delete;
  start_watch& operator=(const start_watch&) = delete;

  /// Is stopped by a signal, and when the caller has gone.
  std::stop_token token() const { return stop_.get_token(); }
  /// Ends the watch. True: it was stopped.
  bool end();

private:
  void watch(int caller);

  std::stop_source stop_;
  unique_fd ended_; ///< an eventfd: end() to the thread
  std::thread thread_;
};

} // namespace gitfs
