// The thread of a mount that keeps its cache folder within its quota.
#pragma once

#include "backend/store_maintenance.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace gitfs {

/// Sums, any thread.
struct keeper_counters {
  std::atomic<std::uint64_t> evicted_objects{0}, evicted_bytes{0}, consolidations{0}, cache_bytes{0};
};

/// One thread of low priority that looks after what arrived, soon if it is much and otherwise within seconds. Failures
/// are logged and tried again. Not to be used across a fork.
class cache_keeper {
public:
  /// `watcher` as for `maintain`, without `stop`. `tick` is called every few seconds, before the cache is looked at.
  /// Both are called on this thread alone.
  cache_keeper(std::filesystem::path cache_dir, std::uint64_t quota, store_watcher watcher, std::function<void()> tick);
  /// Ends what is under way at its next safe point and waits for that.
  ~cache_keeper();
  cache_keeper(const cache_keeper&) = delete;
  cache_keeper& operator=(const cache_keeper&) = delete;

  /// So many bytes have come into the cache. Any thread, never blocks for long.
  void arrived(std::uint64_t bytes);

  const keeper_counters& counters() const { return counters_; }

private:
  void run();
  /// False: it is to be done again soon.
  bool look(bool news);
  /// Once, until it is another or all is well again: it is tried every few seconds.
  void complain(const std::string& what);

  const std::filesystem::path cache_dir_;
  const std::uint64_t quota_, soon_;
  store_watcher watcher_;
  const std::function<void()> tick_;
  keeper_counters counters_;
  std::string complaint_; // of the thread
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t arrived_ = 0;
  bool due_ = true; // a cache may have been left over its quota
  std::thread thread_;
};

} // namespace gitfs
