// What a mount has open: repositories, and refs of them.
#pragma once

#include "actors/mount/environment.hpp"
#include "backend/cache/blob_cache.hpp"
#include "backend/cache/blob_files.hpp"
#include "backend/cache/listing_cache.hpp"
#include "backend/cache/memory_budget.hpp"
#include "backend/git/object_db.hpp"
#include "backend/remote/repository.hpp"

#include <caf/actor.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace gitfs {

struct mount_context;

/// A repository, whatever the number of its refs that are shown. Closed when nobody holds it any more. What is not
/// const is set before another thread sees it; `fetcher` is given back when all actors have ended.
struct mounted_repository {
  /// `number`: of its kind in the mount; that of a plain mount is 0. `context` outlives its use.
  mounted_repository(mount_context& context, std::uint32_t number, std::shared_ptr<object_db> objects);
  ~mounted_repository();
  mounted_repository(const mounted_repository&) = delete;
  mounted_repository& operator=(const mounted_repository&) = delete;

  static constexpr std::uint64_t blob_files_space = std::uint64_t{1} << 30; ///< of all together

  /// Gives back what is kept in memory to answer the next request faster. Takes milliseconds.
  void trim() {
    blobs.clear();
    listings.clear();
    db->trim();
  }

  const std::uint32_t number;
  const std::shared_ptr<object_db> db; ///< for handlers: `outside`
  std::shared_ptr<repository> from;    ///< none: tests and replays have objects alone

private:
  const std::shared_ptr<memory_budget> memory_;

public:
  blob_cache blobs;
  listing_cache listings; ///< read ahead by prefetchers
  blob_files large_blobs;
  std::shared_ptr<environment> outside; ///< how handlers see the above
  caf::actor fetcher;                   ///< none: there is no other place to get anything from
};

/// One ref of a repository, at one place in the mount.
struct mounted_ref {
  std::uint32_t number = 0; ///< 0 for that of a plain mount
  std::shared_ptr<mounted_repository> repository;
  caf::actor prefetcher{}; ///< none where prefetch is off or nothing can be missing
};

/// What a directory and all below it are part of. Immutable.
struct shown_snapshot {
  std::shared_ptr<mounted_ref> of;
  snapshot_facts facts;
};

/// What a mount shows at the mountpoint itself, opened before it is made.
struct opened_first {
  std::shared_ptr<mounted_repository> objects;
  shown_ptr shown;
};

/// Of the snapshot that the directory is part of; zeroes above the repositories.
inline oid commit_of(const directory_location& link) {
  return link.shown ? link.shown->facts.commit : oid{};
}

/// All that are open, in the order of opening. One thread at a time adds; any thread looks. Without a lock: nothing is
/// taken out while the mount lives, but of what nobody holds any more only a few bytes stay.
template <class Value>
class open_list {
public:
  open_list() = default;
  ~open_list() { clear(); }
  open_list(const open_list&) = delete;
  open_list& operator=(const open_list&) = delete;

  void add(const std::shared_ptr<Value>& one) {
    auto* fresh = new node{one};
    node* before = newest_.load(std::memory_order_relaxed);
    do
      fresh->before = before;
    while (!newest_.compare_exchange_weak(before, fresh, std::memory_order_release));
  }

  /// The newest first.
  template <class Use>
  void each(const Use& use) const {
    for (const node* at = newest_.load(std::memory_order_acquire); at != nullptr; at = at->before)
      if (const auto one = at->one.lock())
        use(*one);
  }

  /// When nobody looks any more.
  void clear() {
    for (node* at = newest_.exchange(nullptr); at != nullptr;)
      delete std::exchange(at, at->before);
  }

private:
  struct node {
    std::weak_ptr<Value> one;
    node* before = nullptr;
  };
  std::atomic<node*> newest_{nullptr};
};

} // namespace gitfs
