// Threads for jobs that may block on the disk, on child processes or on an answer. There are as many threads as there
// are jobs at once, within limits.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <thread>

namespace gitfs {

struct worker_limits {
  std::size_t threads = 64;
  std::size_t of_one = 16;                ///< threads that run jobs of one name at once
  std::chrono::milliseconds idle{10'000}; ///< a thread without work ends after that
};

/// Each job has a name, for example that of a host. Jobs of one name begin in the order in which they came. The name of
/// which the fewest jobs run comes first. The last quarter of the threads is for names of which no job runs, so a few
/// hosts that do not answer hold up nobody else. A job may wait for a job of another name, if no job of that name
/// waits.
///
/// Thread-safe. Destruction waits for every job that was given to `run`, so it must not happen on one of the threads.
class worker_pool {
public:
  explicit worker_pool(worker_limits how = {}) : limits_(how) {}
  virtual ~worker_pool();
  worker_pool(const worker_pool&) = delete;
  worker_pool& operator=(const worker_pool&) = delete;

  /// Runs `job` on a thread of the pool as soon as the limits allow it. If the system gives no more threads, the job
  /// waits for an existing one; if there is none at all, std::system_error is thrown.
  virtual void run(std::function<void()> job, const std::string& of = {});

  /// That there are now.
  std::size_t threads();

private:
  struct share {
    std::deque<std::function<void()>> waiting;
    std::size_t running = 0;
    std::uint64_t served = 0; // when one began last
  };
  using shares = std::map<std::string, share>;

  void work();
  shares::iterator next();
  std::size_t ready() const;
  void leave();

  const worker_limits limits_;
  std::mutex mutex_;
  std::condition_variable changed_;
  shares shares_; // those with jobs
  std::list<std::thread> threads_, ended_;
  std::size_t idle_ = 0, running_ = 0;
  std::uint64_t begun_ = 0;
  bool stopping_ = false;
};

} // namespace gitfs
