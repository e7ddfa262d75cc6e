// How much one mount may keep in memory, and how much it keeps.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

namespace gitfs {

/// One limit for everything that can be dropped and had again, with a gauge for each kind. Code that keeps something
/// adds its bytes and subtracts them again, so that every gauge is zero at the end. Any thread.
class memory_budget {
public:
  enum class kind : std::uint8_t {
    blobs,      ///< contents that are read in pieces
    fresh,      ///< contents that were fetched ahead of their reader
    listings,   ///< directories that were entered, and their dentries
    ahead,      ///< listings that were read ahead of their reader
    blob_files, ///< large blobs in unlinked files: on disk, so not part of the sum
    count,
  };

  explicit memory_budget(std::uint64_t total) : total_(total) {}

  /// A total for a process that may take `limit` bytes. An eighth, because about twice the budget comes on top of it:
  /// indexes of packs, bases of deltas, buffers, and what the system's allocator keeps. 48 MB is
  /// what scripts/bench measures with.
  static std::uint64_t automatic(std::uint64_t limit) {
    constexpr std::uint64_t least = std::uint64_t{8} << 20, most = std::uint64_t{48} << 20;
    return std::clamp(limit / 8, least, most);
  }

  std::uint64_t total() const { return total_; }
  std::uint64_t used(kind k) const { return at(k).load(std::memory_order_relaxed); }

  /// Returns how much is used of that kind after the addition.
  std::uint64_t add(kind k, std::uint64_t bytes) { return at(k).fetch_add(bytes, std::memory_order_relaxed) + bytes; }
  void subtract(kind k, std::uint64_t bytes) { at(k).fetch_sub(bytes, std::memory_order_relaxed); }

  /// Listings may take half of the budget, contents ahead of their reader three windows of readahead, listings ahead of
  /// their reader a quarter. Contents that are being read may take what these leave.
  std::uint64_t listings_limit() const { return total_ / 2; }
  std::uint64_t blobs_limit() const {
    const std::uint64_t others = used(kind::listings) + used(kind::ahead) + used(kind::fresh);
    const std::uint64_t least = total_ / 8;
    return others < total_ - least ? total_ - others : least;
  }
  std::uint64_t fresh_limit() const { return 3 * window_bytes(); }
  std::uint64_t ahead_limit() const { return total_ / 4; }

  /// Blobs of this size and more are never whole in memory, because a few of them would take the whole budget.
  std::uint64_t blob_files_from() const { return total_ / 4 < largest_in_memory ? total_ / 4 : largest_in_memory; }

  /// Contents that one window of readahead may bring. One window is being read and two are being fetched, so that some
  /// of the budget is left.
  std::uint64_t window_bytes() const { return total_ / 4; }

  /// A line "name value" for each kind, as `gitfs-actor stats` prints them.
  std::string text() const {
    std::string out = "memory.budget " + std::to_string(total_) + '\n';
    for (std::size_t i = 0; i < used_.size(); ++i)
      out += std::string{names[i]} + ' ' + std::to_string(used(static_cast<kind>(i))) + '\n';
    return out;
  }

  bool empty() const {
    for (const auto& one : used_)
      if (one.load(std::memory_order_relaxed) != 0)
        return false;
    return true;
  }

private:
  static constexpr std::uint64_t largest_in_memory = std::uint64_t{8} << 20;
  static constexpr std::array<const char*, static_cast<std::size_t>(kind::count)> names{
      "memory.blobs", "memory.fresh", "memory.listings", "memory.ahead", "disk.blob_files"};

  std::atomic<std::uint64_t>& at(kind k) { return used_[static_cast<std::size_t>(k)]; }
  const std::atomic<std::uint64_t>& at(kind k) const { return used_[static_cast<std::size_t>(k)]; }

  const std::uint64_t total_;
  std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(kind::count)> used_{};
};

} // namespace gitfs
