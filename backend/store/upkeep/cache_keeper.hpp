// The thread of a process that keeps a cache folder within its quota.
#pragma once

#include "backend/store/upkeep/store_maintenance.hpp"

#include <atomic>
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

/// Sums, any thread.
struct keeper_counters {
  std::atomic<std::uint64_t> evicted_objects{0}, evicted_bytes{0}, consolidations{0}, cache_bytes{0};
};

/// A store that is open, and what it hears, on the keeper's thread alone, one at a time.
struct kept_store {
  std::filesystem::path folder;
  std::uint64_t quota = 0;                  ///< for the whole cache folder; the smallest of all stores holds
  std::function<void()> added{}, removed{}; ///< as in store_watcher, of this store
  std::function<void()> tick{};             ///< every few seconds, before the cache is looked at
};

/// One thread of low priority for all stores of a cache folder that this process has open. It looks after what arrived,
/// soon if it is much and otherwise within seconds. Failures are logged and tried again. Not to be used across a fork.
class cache_keeper {
public:
  explicit cache_keeper(std::filesystem::path cache_dir, side_tables beside = {});
  /// Ends what is under way at its next safe point and waits for that.
  ~cache_keeper();
  cache_keeper(const cache_keeper&) = delete;
  cache_keeper& operator=(const cache_keeper&) = delete;

  /// Any thread but the keeper's. `who` has not joined yet, or has left.
  void join(const void* who, kept_store what);
  /// Waits for a call that is under way to that store; none comes after that.
  void leave(const void* who);

  /// So many bytes have come into the cache. Any thread, never blocks for long.
  void arrived(std::uint64_t bytes);

  const keeper_counters& counters() const { return counters_; }

private:
  void run();
  /// False: it is to be done again soon.
  bool look(bool news, std::uint64_t quota);
  void tick_all();
  void take_quota();
  void tell(const std::filesystem::path& store, std::function<void()> kept_store::*what);
  /// Once, until it is another or all is well again: it is tried every few seconds.
  void complain(const std::string& what);

  const std::filesystem::path cache_dir_;
  const side_tables beside_;
  store_watcher watcher_;
  std::mutex stores_mutex_; // held while a store hears something
  std::map<const void*, kept_store> stores_;
  keeper_counters counters_;
  std::string complaint_; // of the thread
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<std::uint64_t> quota_; // none: nobody has joined yet
  std::uint64_t soon_ = 0;
  std::uint64_t arrived_ = 0;
  bool due_ = true; // a cache may have been left over its quota
  std::thread thread_;
};

} // namespace gitfs
