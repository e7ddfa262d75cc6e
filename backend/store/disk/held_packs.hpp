// Packs that no disk has taken, for those who wait for what is in them.
#pragma once

#include "backend/git/object.hpp"
#include "backend/git/oid.hpp"
#include "backend/pack/pack_bytes.hpp"
#include "backend/pack/pack_contents.hpp"
#include "backend/pack/pack_indexer.hpp"
#include "backend/pack/pack_reader.hpp"
#include "config/error.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>

namespace gitfs {

/// Whole packs, as they arrived and checked, with an index in memory: 32 MB of them in memory, and 1 GB in files
/// without a name outside the cache folder. The least recently used pack is dropped first; the newest stays, however
/// large. They are written to the disk when that takes them again. Thread-safe. The lock covers the index; each pack is
/// read by one thread at a time.
class held_packs {
public:
  /// Keeps what the indexer has found in `bytes`, which are not in a file of anybody else. The indexer was finished.
  void add(std::unique_ptr<pack_bytes> bytes, pack_indexer& indexer);

  bool contains(const oid& id);
  std::optional<object_header> header(const oid& id);
  /// ENOENT: it is in none of them. Otherwise as pack_contents::content.
  result<object> read(const oid& id);
  /// The same for large blobs, which are written in pieces. ECANCELED: it was stopped.
  result<void> copy(const oid& id, const blob_target& to);

  /// Calls `write` with the pack that was used longest ago, whole, and without a lock. When it succeeds that pack is
  /// dropped: then readers find its objects elsewhere. So it is when the pack is damaged (EBADMSG), which would keep
  /// back the others. False: there is none, or it was not written.
  bool move_oldest(const std::function<result<void>(const pack_bytes&)>& write);

  /// The bytes that all packs take, in memory and elsewhere. Any thread, without the lock.
  std::uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

private:
  struct pack;
  struct place {
    std::shared_ptr<pack> in;
    pack_position at = no_object;
  };

  place find(const oid& id);
  void drop(const std::shared_ptr<pack>& which);
  void drop_oldest();

  std::mutex mutex_;
  std::list<std::shared_ptr<pack>> packs_; // the most recently used first
  std::unordered_map<oid, place> index_;
  std::uint64_t memory_ = 0, elsewhere_ = 0; // bytes
  std::atomic<std::uint64_t> bytes_{0};
};

} // namespace gitfs
