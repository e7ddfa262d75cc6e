// Blobs that came a moment ago for somebody who is about to read them, inflated already.
#pragma once

#include "backend/cache/once_cache.hpp"
#include "backend/git/object.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

namespace gitfs {

/// A pack is cheap to read in its own order, where each delta follows its base, and several times dearer in the order
/// of paths, in which its blobs are asked for (scripts/bench --row mount-tar). So what arrives ahead of a reader is
/// read once in the pack's order and kept here until it is taken. Each blob is taken once: the kernel keeps what it has
/// read. Thread-safe.
class prefetched_blobs {
public:
  /// Larger ones are never whole in memory, see blob_files.
  static constexpr std::size_t largest = std::size_t{8} << 20;

  /// Beyond what `budget` leaves to them the oldest go.
  explicit prefetched_blobs(std::shared_ptr<memory_budget> budget)
    : budget_(std::move(budget)),
      blobs_(*budget_, memory_budget::kind::fresh, &memory_budget::fresh_limit) {}

  /// `blob`: its hash checked.
  void put(const oid& id, object blob) {
    if (const std::size_t size = blob.data().size(); size <= largest)
      blobs_.put(id, std::move(blob), size);
  }

  /// Gives the blob away.
  std::optional<object> take(const oid& id) { return blobs_.take(id); }

  void clear() { blobs_.clear(); }

private:
  const std::shared_ptr<memory_budget> budget_;
  once_cache<object> blobs_;
};

} // namespace gitfs
