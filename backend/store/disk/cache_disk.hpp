// Decides whether the disk of a cache folder takes writes at present.
#pragma once

#include "config/error.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

namespace gitfs {

/// The bytes that stay free by default on a disk of this size: 5 % of it or 1 GB, whichever is less.
std::uint64_t default_min_free(std::uint64_t total);

/// The state of one cache folder in this process. Writes go to the disk until one fails or the disk has less free than
/// the reserve. Then they are tried again after 1 second, and after each failure after twice the time, up to a minute.
/// Each change of the state is one line in the log. Thread-safe.
class cache_disk {
public:
  explicit cache_disk(std::filesystem::path cache_dir) : cache_dir_(std::move(cache_dir)) {}
  cache_disk(const cache_disk&) = delete;
  cache_disk& operator=(const cache_disk&) = delete;

  /// Sets the reserve in bytes; unset: default_min_free. If several were set, the largest one counts.
  void keep_free(std::optional<std::uint64_t> bytes);
  std::uint64_t min_free() const;
  /// Bytes that must be removed from the disk before something may be written to it again; 0: there is room.
  std::uint64_t lacking() const;

  /// Called when there is no room, and older objects should be evicted. Set before the first use, if at all.
  std::function<void()> make_room;

  /// True if a write is worth trying now. Costs a system call.
  bool is_usable();
  /// True if a write that is running may go on, because the reserve is still free.
  bool has_room();

  /// Called when a write or a read has failed with an error of the disk (is_failure_of_disk).
  void failed(const error& why);
  /// True if a write has failed for want of room since the last call. The disk may still report free room, if a quota
  /// of the user or the number of files is the limit.
  bool take_want_of_room() { return want_of_room_.exchange(false); }
  /// Called when a write has succeeded.
  void worked();

  /// The reason why nothing is written to the cache at present, as a clause; "" if writes go on.
  std::string trouble() const;

private:
  void change(std::string trouble, bool full);

  const std::filesystem::path cache_dir_;
  std::atomic<std::uint64_t> named_{0}; // the largest reserve that was set, in bytes; 0: none was
  std::atomic<bool> well_{true}, want_of_room_{false};
  mutable std::mutex mutex_;
  std::string trouble_;
  bool full_ = false; // the disk is full, so writes go on as soon as it has room
  std::chrono::steady_clock::time_point again_{}, since_{};
  std::chrono::milliseconds pause_{0};
};

} // namespace gitfs
