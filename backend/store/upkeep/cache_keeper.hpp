// The thread that keeps a cache folder within its quota, one in each process that uses the folder.
#pragma once

#include "backend/store/disk/cache_disk.hpp"
#include "backend/store/upkeep/store_maintenance.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace gitfs {

/// Sums that any thread may read.
struct keeper_counters {
  std::atomic<std::uint64_t> evicted_objects{0}, evicted_bytes{0}, consolidations{0}, cache_bytes{0};
};

/// An open store, with its callbacks. They are called on the keeper's thread alone, one at a time.
struct kept_store {
  std::filesystem::path folder;
  std::uint64_t quota = 0;                  ///< for the whole cache folder; the smallest quota of all stores counts
  std::function<void()> added{}, removed{}; ///< as in store_watcher, for this store
  std::function<void()> tick{};             ///< called every few seconds, before the cache is looked through
};

/// One thread of low priority for all stores of a cache folder that this process has open. After objects have arrived
/// it maintains the folder: soon if many bytes arrived, otherwise within seconds. Failures are logged and tried again.
/// Not to be used across a fork.
class cache_keeper {
public:
  explicit cache_keeper(std::filesystem::path cache_dir, side_tables beside = {});
  /// Ends maintenance that is running at its next safe point, and waits for that.
  ~cache_keeper();
  cache_keeper(const cache_keeper&) = delete;
  cache_keeper& operator=(const cache_keeper&) = delete;

  /// Adds a store. `who` identifies it, and must not have joined before without leaving. Any thread but the keeper's.
  void join(const void* who, kept_store what);
  /// Removes a store. Waits for a running callback of the store; none is called after that.
  void leave(const void* who);

  /// Tells the keeper that so many bytes have been added to the cache. Any thread; never blocks for long.
  void arrived(std::uint64_t bytes);

  const keeper_counters& counters() const { return counters_; }

  /// The state of the folder's disk, for all stores in it.
  cache_disk& disk() { return disk_; }

private:
  void run();
  /// Maintains the cache once. False: it should be done again soon.
  bool maintain_once(bool news, std::uint64_t quota);
  void tick_all();
  void take_quota();
  void tell(const std::filesystem::path& store, std::function<void()> kept_store::*what);
  /// Logs a failure once, until it is another failure or all is well again, because maintenance is tried every few
  /// seconds.
  void complain(const std::string& what);

  const std::filesystem::path cache_dir_;
  cache_disk disk_;
  const side_tables beside_;
  store_watcher watcher_;
  std::mutex stores_mutex_; // held while a callback of a store runs
  std::map<const void*, kept_store> stores_;
  keeper_counters counters_;
  std::string complaint_; // the last failure that was logged; only the thread uses it
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<std::uint64_t> quota_; // unset: no store has joined yet
  std::uint64_t soon_ = 0;
  std::uint64_t arrived_ = 0;
  bool hurry_ = false; // the disk is full, so maintenance does not wait for the next tick
  bool due_ = true;    // true at first, because an earlier process may have left the cache over its quota
  // Only the thread uses these two: the time of the last arrival or eviction; and whether a write has found no room and
  // nothing was evicted since.
  std::chrono::steady_clock::time_point changed_at_ = std::chrono::steady_clock::now();
  bool wanting_ = false;
  std::thread thread_;
};

} // namespace gitfs
