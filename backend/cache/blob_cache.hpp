// Keeps blobs in memory while they are being read in pieces.
#pragma once

#include "backend/cache/memory_budget.hpp"
#include "backend/git/object_db.hpp"
#include "config/lru_map.hpp"

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>

namespace gitfs {

/// Whole blobs in memory; the least recently used blob is dropped first. The kernel reads a file in pieces of at most
/// 128 KiB, the first smaller, and without this cache each piece would inflate the whole blob. The kernel keeps what it
/// has read, so a blob is dropped once as many bytes were read as it has: else `tar` of the Linux tree held 25 MB that
/// nobody would ask for again. Thread-safe; the lock covers the index only, never inflating or I/O.
class blob_cache {
public:
  /// All caches of contents together keep as much as `budget` leaves to contents. The most recent blob is always kept,
  /// however large, because otherwise a blob over that limit would be inflated once for each piece.
  blob_cache(object_db& db, memory_budget& budget) : db_(db), budget_(budget) {}
  ~blob_cache() { clear(); }
  blob_cache(const blob_cache&) = delete;
  blob_cache& operator=(const blob_cache&) = delete;

  /// The blob if it is in memory. The caller takes up to `bytes` bytes of it.
  std::optional<object> cached(const oid& id, std::uint64_t bytes);

  /// The blob from memory or from the object database (errors as object_db::read). Blocks for as long as inflating
  /// takes.
  result<object> read(const oid& id, std::uint64_t bytes);

  void clear();

private:
  struct item {
    object blob;
    std::uint64_t taken = 0; ///< bytes that were read, in whatever order the pieces were read
  };
  using items = lru_map<oid, item>::items;

  void keep(const oid& id, const object& blob, std::uint64_t taken);
  items counted_out(items gone);

  object_db& db_;
  memory_budget& budget_;
  std::mutex lock_;
  lru_map<oid, item> recent_;
  std::size_t bytes_ = 0;
};

} // namespace gitfs
