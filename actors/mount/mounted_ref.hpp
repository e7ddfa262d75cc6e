// The repositories that a mount has open, and the refs of them that it shows.
#pragma once

#include "actors/mount/environment.hpp"
#include "backend/cache/blob_cache.hpp"
#include "backend/cache/blob_files.hpp"
#include "backend/cache/listing_cache.hpp"
#include "backend/cache/memory_budget.hpp"
#include "backend/git/object_db.hpp"
#include "backend/remote/repository.hpp"
#include "backend/remote/shown_times.hpp"

#include <caf/actor.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace gitfs {

struct mount_context;

/// An open repository, however many of its refs are mounted. It is closed when nobody holds it any more. Members that
/// are not const are set before another thread sees them; `fetcher` is released when all actors have ended.
struct mounted_repository {
  /// `number`: the number of the repository in the mount; that of a plain mount is 0. `context` outlives its use.
  mounted_repository(mount_context& context, std::uint32_t number, std::shared_ptr<object_db> objects);
  ~mounted_repository();
  mounted_repository(const mounted_repository&) = delete;
  mounted_repository& operator=(const mounted_repository&) = delete;

  static constexpr std::uint64_t blob_files_space = std::uint64_t{1} << 30; ///< in bytes, of all files together

  /// Frees what is kept in memory only to answer the next request faster. Takes milliseconds.
  void trim() {
    blobs.clear();
    listings.clear();
    db->trim();
  }

  const std::uint32_t number;
  const std::shared_ptr<object_db> db; ///< handlers must use `outside` instead
  std::shared_ptr<repository> from;    ///< null in tests and replays, which have objects alone

private:
  const std::shared_ptr<memory_budget> memory_;

public:
  blob_cache blobs;
  listing_cache listings; ///< read ahead by prefetchers
  blob_files large_blobs;
  std::shared_ptr<environment> outside; ///< the environment through which handlers see the members above
  caf::actor fetcher;                   ///< null: the repository has no upstream
};

/// One ref of a repository, shown at one place in the mount.
struct mounted_ref {
  std::uint32_t number = 0; ///< 0 in a plain mount
  std::shared_ptr<mounted_repository> repository;
  caf::actor prefetcher{}; ///< null if prefetching is off, or if nothing can be missing
};

/// The snapshot that a directory and everything below it belong to. Immutable.
struct shown_snapshot {
  std::shared_ptr<mounted_ref> of;
  snapshot_facts facts;
  shown_runs_ptr runs{}; ///< what its place has shown, this snapshot first; null: unknown, as in some tests

  /// Since when its place shows this tree.
  file_time since() const { return runs ? runs->front().since : file_time_of(facts.time); }
};

/// The repository that a mount shows at the mountpoint itself. It is opened before the mount is made.
struct opened_first {
  std::shared_ptr<mounted_repository> objects;
  shown_ptr shown;
};

/// The commit of the snapshot that the directory belongs to; zeroes above the repositories.
inline oid commit_of(const directory_location& link) {
  return link.shown ? link.shown->facts.commit : oid{};
}

/// A list of everything that was opened, in the order of opening. One thread at a time adds; any thread may iterate. It
/// needs no lock, because nothing is removed while the mount lives. It holds values weakly: of a value that nobody
/// holds any more only a few bytes stay.
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

  /// Calls `use` for every value that somebody still holds, the newest first.
  template <class Use>
  void each(const Use& use) const {
    for (const node* at = newest_.load(std::memory_order_acquire); at != nullptr; at = at->before)
      if (const auto one = at->one.lock())
        use(*one);
  }

  /// Only when no other thread uses the list any more.
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
