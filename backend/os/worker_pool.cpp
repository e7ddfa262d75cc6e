#include "backend/os/worker_pool.hpp"

#include "backend/os/edge_thread.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

namespace gitfs {

worker_pool::~worker_pool() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  changed_.notify_all();
  for (;;) { // a thread may end by itself meanwhile
    std::list<std::thread> some;
    {
      const std::lock_guard lock{mutex_};
      some.splice(some.end(), ended_);
      if (some.empty() && !threads_.empty())
        some.splice(some.end(), threads_, threads_.begin());
    }
    if (some.empty())
      return;
    for (std::thread& thread : some)
      thread.join();
  }
}

void worker_pool::run(std::function<void()> job, const std::string& of) {
  const std::lock_guard lock{mutex_};
  for (; !ended_.empty(); ended_.pop_front())
    ended_.front().join(); // it needs the mutex no more
  const auto at = shares_.try_emplace(of).first;
  auto& waiting = at->second.waiting;
  waiting.push_back(std::move(job));
  if (idle_ >= ready() || threads_.size() >= limits_.threads)
    return changed_.notify_one();
  try {
    threads_.push_back(edge_thread("upstream", [this] { work(); }));
  } catch (const std::system_error&) {
    if (threads_.empty()) {
      waiting.pop_back();
      if (waiting.empty())
        shares_.erase(at);
      throw;
    }
  }
}

std::size_t worker_pool::threads() {
  const std::lock_guard lock{mutex_};
  return threads_.size();
}

/// Whose job begins next; the end: nobody's may.
worker_pool::shares::iterator worker_pool::next() {
  const bool only_new = running_ >= limits_.threads - limits_.threads / 4;
  auto best = shares_.end();
  for (auto it = shares_.begin(); it != shares_.end(); ++it) {
    const share& one = it->second;
    if (one.waiting.empty() || one.running >= limits_.of_one || (only_new && one.running != 0))
      continue;
    if (best == shares_.end()
        || std::pair{one.running, one.served} < std::pair{best->second.running, best->second.served})
      best = it;
  }
  return best;
}

/// How many jobs may begin, as far as those of the same name are concerned.
std::size_t worker_pool::ready() const {
  std::size_t out = 0;
  for (const auto& [name, one] : shares_)
    out += std::min(one.waiting.size(), limits_.of_one - std::min(one.running, limits_.of_one));
  return out;
}

void worker_pool::work() {
  std::unique_lock lock{mutex_};
  for (;;) {
    ++idle_;
    const auto now = [this] { return next() != shares_.end() || (stopping_ && shares_.empty()); };
    const bool woken = changed_.wait_for(lock, limits_.idle, now);
    --idle_;
    const auto chosen = next();
    if (chosen == shares_.end()) {
      if (woken || !stopping_)
        return leave();
      continue; // the last jobs run, and one that waits for its turn is still to come
    }
    share& mine = chosen->second; // stays while it runs
    std::function<void()> job = std::move(mine.waiting.front());
    mine.waiting.pop_front();
    ++mine.running;
    ++running_;
    mine.served = ++begun_;
    lock.unlock();
    job();
    job = nullptr; // what it holds goes before the next one comes, and not under the mutex
    lock.lock();
    --running_;
    if (--mine.running == 0 && mine.waiting.empty())
      shares_.erase(chosen);
    changed_.notify_one(); // this one takes the next, and another may now take one of that name
    if (stopping_ && shares_.empty())
      changed_.notify_all();
  }
}

/// This thread ends, and needs the mutex no more.
void worker_pool::leave() {
  const auto self = std::find_if(threads_.begin(), threads_.end(),
                                 [](const std::thread& each) { return each.get_id() == std::this_thread::get_id(); });
  if (self != threads_.end())
    ended_.splice(ended_.end(), threads_, self);
}

} // namespace gitfs
