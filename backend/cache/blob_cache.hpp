// Blobs that are being read in pieces.
#pragma once

#include "backend/cache/memory_budget.hpp"
#include "backend/git/object_db.hpp"
#include "config/lru_map.hpp"

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>

namespace gitfs {

/// Whole blobs in memory, least recently used first out. The kernel reads a file in pieces of at most 128 KiB, the
/// first smaller, and each piece would inflate all of it. What it has read it keeps, so a blob leaves when as much of
/// it was read as it has: `tar` of the Linux tree held 25 MB that nobody would ask for again. Thread-safe; the lock
/// covers the index only, never inflating or I/O.
class blob_cache {
public:
  /// Keeps as much as `budget` leaves to contents, together with the other caches of them. The most recent blob is
  /// always kept, however large: else one over that would be inflated once per piece.
  blob_cache(object_db& db, memory_budget& budget) : db_(db), budget_(budget) {}
  ~blob_cache() { clear(); }
  blob_cache(const blob_cache&) = delete;
  blob_cache& operator=(const blob_cache&) = delete;

  /// The blob from memory only, of which the caller takes up to `bytes`.
  std::optional<object> cached(const oid& id, std::uint64_t bytes);

  /// The same from memory or the object database (errors as object_db::read). Blocks for as long as inflating takes.
  result<object> read(const oid& id, std::uint64_t bytes);

  void clear();

private:
  struct item {
    object blob;
    std::uint64_t taken = 0; ///< bytes, in whatever order the pieces come
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
