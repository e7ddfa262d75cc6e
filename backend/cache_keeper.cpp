#include "backend/cache_keeper.hpp"

#include "backend/edge_thread.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>
#include <exception>

namespace gitfs {

namespace {

constexpr std::chrono::seconds tick_every{5}, pause_between{1};

} // namespace

cache_keeper::cache_keeper(std::filesystem::path cache_dir, std::uint64_t quota, store_watcher watcher,
                           std::function<void()> tick)
  : cache_dir_(std::move(cache_dir)),
    quota_(quota),
    soon_(std::clamp(quota / 32, std::uint64_t{1} << 18, std::uint64_t{1} << 26)),
    watcher_(std::move(watcher)),
    tick_(std::move(tick)) {
  watcher_.stop = [this] { return stop_.load(std::memory_order_relaxed); };
  thread_ = edge_thread("cache_keeper", [this] { run(); });
}

cache_keeper::~cache_keeper() {
  {
    std::lock_guard lock{mutex_};
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void cache_keeper::arrived(std::uint64_t bytes) {
  std::lock_guard lock{mutex_};
  due_ = true;
  const bool was_soon = arrived_ >= soon_;
  arrived_ += bytes;
  if (!was_soon && arrived_ >= soon_)
    changed_.notify_all();
}

void cache_keeper::run() {
  become_unimportant();
  std::unique_lock lock{mutex_};
  while (!stop_) {
    changed_.wait_for(lock, tick_every, [this] { return stop_ || arrived_ >= soon_; });
    if (stop_)
      break;
    const bool due = std::exchange(due_, false);
    const bool news = std::exchange(arrived_, 0) != 0;
    lock.unlock();
    bool done = false;
    try {
      tick_();
      done = !due || look(news);
    } catch (const std::exception& thrown) { // memory is short, or the disk fails: that costs one look, not the mount
      complain(thrown.what());
    }
    lock.lock();
    due_ = due_ || !done;
    changed_.wait_for(lock, pause_between, [this] { return stop_.load(); });
  }
}

void cache_keeper::complain(const std::string& what) {
  if (std::exchange(complaint_, what) != what)
    spdlog::warn("the cache is not kept within its size: {}", what);
}

bool cache_keeper::look(bool news) {
  auto done = maintain(cache_dir_, {.quota = quota_}, watcher_);
  if (!done) {
    if (done.error().code != EBUSY && done.error().code != ECANCELED)
      complain(done.error().message);
    return false;
  }
  complaint_.clear();
  const maintenance_report& report = done.value();
  counters_.evicted_objects += report.evicted_objects;
  counters_.evicted_bytes += report.evicted_bytes;
  counters_.consolidations += report.consolidations;
  counters_.cache_bytes = report.after;
  if (report.evicted_objects != 0)
    spdlog::debug("evicted {} objects, {} bytes; the cache has {} bytes", report.evicted_objects, report.evicted_bytes,
                  report.after);
  // What has just arrived may go a moment later. If nothing went without any news, nothing will.
  return report.after <= quota_ || (!news && report.evicted_objects == 0);
}

} // namespace gitfs
