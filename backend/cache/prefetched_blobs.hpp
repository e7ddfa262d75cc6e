// Inflated blobs that arrived a moment ago and are about to be read.
#pragma once

#include "backend/cache/once_cache.hpp"
#include "backend/git/object.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

namespace gitfs {

/// A pack is cheap to read in its own order, in which each delta follows its base, and several times more expensive to
/// read in the order of paths, in which its blobs are asked for (scripts/bench --row mount-tar). So blobs that arrive
/// ahead of a reader are read once in the order of the pack, and kept here until they are taken. Each blob is taken
/// once, because the kernel keeps what it has read. Thread-safe.
class prefetched_blobs {
public:
  /// Larger blobs are never whole in memory: see blob_files.
  static constexpr std::size_t largest = std::size_t{8} << 20;

  /// The oldest blobs are dropped when all exceed what `budget` leaves to them.
  explicit prefetched_blobs(std::shared_ptr<memory_budget> budget)
    : budget_(std::move(budget)),
      blobs_(*budget_, memory_budget::kind::fresh, &memory_budget::fresh_limit) {}

  /// The hash of `blob` must have been checked.
  void put(const oid& id, object blob) {
    if (const std::size_t size = blob.data().size(); size <= largest)
      blobs_.put(id, std::move(blob), size);
  }

  /// Takes the blob out of the cache.
  std::optional<object> take(const oid& id) { return blobs_.take(id); }

  void clear() { blobs_.clear(); }

private:
  const std::shared_ptr<memory_budget> budget_;
  once_cache<object> blobs_;
};

} // namespace gitfs
