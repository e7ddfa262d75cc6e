// Threads for what may block (disk, child processes, waiting for an answer): as many as there is work at once.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace gitfs {

/// Threads are kept and used again. Thread-safe; destruction waits for everything that was given to `run`, so it must
/// not happen on one of the threads.
class worker_pool {
public:
  worker_pool() = default;
  ~worker_pool();
  worker_pool(const worker_pool&) = delete;
  worker_pool& operator=(const worker_pool&) = delete;

  /// Runs `job` soon, on a thread of its own. If the system gives no more threads it waits for one; if there is none
  /// at all, throws std::system_error.
  void run(std::function<void()> job);

private:
  void work();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;
  bool stopping_ = false;
};

} // namespace gitfs
