// Blobs that are being read in pieces.
#pragma once

#include "backend/memory_budget.hpp"
#include "backend/object_db.hpp"

#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <unordered_map>

namespace gitfs {

/// Whole blobs in memory, least recently used first out. The kernel reads a file in pieces of at most 128 KiB, the
/// first smaller, and each piece would inflate all of it; what it has read it keeps, so a file that is read in one
/// piece is not kept here a second time. Thread-safe; the lock covers the index only, never inflating or I/O.
class blob_cache {
public:
  /// Keeps as much as `budget` leaves to contents. The most recent blob is always kept, however large: else one over
  /// that would be inflated once per piece.
  blob_cache(object_db& db, memory_budget& budget) : db_(db), budget_(budget) {}
  ~blob_cache() { clear(); }
  blob_cache(const blob_cache&) = delete;
  blob_cache& operator=(const blob_cache&) = delete;

  /// The blob from memory only.
  std::optional<object> cached(const oid& id);

  /// The blob from memory or the object database (errors as object_db::read). Blocks for as long as inflating takes.
  /// `enough`: if it has no more than so many bytes, this is the only read of it, and it is not kept.
  result<object> read(const oid& id, std::uint64_t enough);

  void clear();

private:
  struct item {
    oid id;
    object blob;
  };

  void keep(const oid& id, const object& blob);

  object_db& db_;
  memory_budget& budget_;
  std::mutex lock_;
  std::list<item> recent_; // front: most recent
  std::unordered_map<oid, std::list<item>::iterator> index_;
  std::size_t bytes_ = 0;
};

} // namespace gitfs
