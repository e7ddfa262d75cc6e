#include "backend/worker_pool.hpp"

#include "backend/edge_thread.hpp"

#include <system_error>
#include <utility>

namespace gitfs {

worker_pool::~worker_pool() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_)
    thread.join();
}

void worker_pool::run(std::function<void()> job) {
  const std::lock_guard lock{mutex_};
  jobs_.push_back(std::move(job));
  if (idle_ >= jobs_.size())
    return changed_.notify_one();
  try {
    threads_.push_back(edge_thread("upstream", [this] { work(); }));
  } catch (const std::system_error&) {
    if (threads_.empty()) {
      jobs_.pop_back();
      throw;
    }
  }
}

void worker_pool::work() {
  std::unique_lock lock{mutex_};
  for (;;) {
    ++idle_;
    changed_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    --idle_;
    if (jobs_.empty())
      return;
    std::function<void()> job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
    job = nullptr; // what it holds goes before the next one comes, and not under the mutex
    lock.lock();
  }
}

} // namespace gitfs
