// Blobs that came a moment ago for somebody who is about to read them, inflated already.
#pragma once

#include "backend/memory_budget.hpp"
#include "backend/object_db.hpp"

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

namespace gitfs {

/// A pack is cheap to read in its own order, where each delta follows its base, and several times dearer in the order
/// of paths, in which its blobs are asked for (scripts/bench --row mount-tar). So what arrives ahead of a reader is
/// read once in the pack's order and kept here until it is taken. Each blob is taken once: the kernel keeps what it has
/// read. Thread-safe; the lock covers the index only.
class fresh_blobs {
public:
  /// Larger ones are not kept: they are read in pieces, see blob_cache.
  static constexpr std::size_t largest = std::size_t{8} << 20;

  /// Beyond what `budget` leaves to them the oldest go.
  explicit fresh_blobs(std::shared_ptr<memory_budget> budget) : budget_(std::move(budget)) {}
  ~fresh_blobs() { clear(); }
  fresh_blobs(const fresh_blobs&) = delete;
  fresh_blobs& operator=(const fresh_blobs&) = delete;

  /// `blob`: its hash checked.
  void put(const oid& id, object blob);

  /// Gives the blob away.
  std::optional<object> take(const oid& id);

  void clear();

private:
  void drop(std::size_t size);

  const std::shared_ptr<memory_budget> budget_;
  std::mutex lock_;
  std::unordered_map<oid, object> blobs_;
  std::deque<oid> order_; // oldest first; some taken already
  std::size_t bytes_ = 0;
};

} // namespace gitfs
