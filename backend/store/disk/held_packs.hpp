// Keeps packs that the disk of the cache has refused, for the readers that wait for their objects.
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

/// Whole packs as they arrived, after they were checked, with an index in memory. Up to 32 MB of packs are in memory,
/// and up to 1 GB in files without a name outside the cache folder. The least recently used pack is dropped first; the
/// newest one stays, however large it is. The store writes the packs to the disk when that takes writes again.
/// Thread-safe: a lock covers the index, and each pack is read by one thread at a time.
class held_packs {
public:
  /// Keeps the pack in `bytes`, of which nobody else has a copy. `indexer` has indexed these bytes and was finished.
  void add(std::unique_ptr<pack_bytes> bytes, pack_indexer& indexer);

  bool contains(const oid& id);
  std::optional<object_header> header(const oid& id);
  /// ENOENT: no held pack has the object. Other errors are those of pack_contents::content.
  result<object> read(const oid& id);
  /// Writes a blob to the target, a large one in pieces. Errors as of `read`; ECANCELED: the target says stop.
  result<void> copy(const oid& id, const blob_target& to);

  /// Calls `write` with the least recently used pack, without a lock. If `write` succeeds, readers find the objects
  /// elsewhere, and the pack is dropped. If it returns EBADMSG, the pack is damaged and is dropped, too, because it
  /// would keep back the others. False: there is no pack, or the pack was not written.
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
