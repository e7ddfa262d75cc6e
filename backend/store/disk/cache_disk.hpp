// Whether the disk of a cache folder takes what arrives.
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

/// What stays free on a disk of this size if nobody says otherwise: 5 % or 1 GB, whichever is less.
std::uint64_t default_min_free(std::uint64_t total);

/// The state of one cache folder in this process. It is good until a write fails or the disk has less free than the
/// reserve; then writes are tried again after 1 second, and after twice that each time, up to a minute. Each change is
/// one line in the log. Thread-safe.
class cache_disk {
public:
  explicit cache_disk(std::filesystem::path cache_dir) : cache_dir_(std::move(cache_dir)) {}
  cache_disk(const cache_disk&) = delete;
  cache_disk& operator=(const cache_disk&) = delete;

  /// The reserve in bytes; unset: default_min_free. The largest of all that were named counts.
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

  /// A write or a read has failed with one of is_failure_of_disk; it says why.
  void failed(const error& why);
  /// Whether a write has failed for want of room since the last call, whatever the disk says of its room: a quota, or
  /// files that are too many.
  bool take_want_of_room() { return want_of_room_.exchange(false); }
  /// A write was done.
  void worked();

  /// The reason why nothing is written to the cache at present, as a clause; "": it is written to.
  std::string trouble() const;

private:
  void change(std::string trouble, bool full);

  const std::filesystem::path cache_dir_;
  std::atomic<std::uint64_t> named_{0}; // bytes; 0: none was named
  std::atomic<bool> well_{true}, want_of_room_{false};
  mutable std::mutex mutex_;
  std::string trouble_;
  bool full_ = false; // the trouble is want of room, so writes go on as soon as there is room
  std::chrono::steady_clock::time_point again_{}, since_{};
  std::chrono::milliseconds pause_{0};
};

} // namespace gitfs
