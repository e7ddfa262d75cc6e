// A cache of values that are each taken once: for what was fetched or read ahead of its reader.
#pragma once

#include "backend/cache/memory_budget.hpp"
#include "backend/git/oid.hpp"
#include "config/lru_map.hpp"

#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>

namespace gitfs {

/// Values by object id; each is taken once. Beyond a limit the oldest are dropped. Thread-safe; the lock covers the
/// index only.
template <class Value>
class once_cache {
public:
  using limit_function = std::uint64_t (memory_budget::*)() const;

  /// The values count in `budget` as that kind. `limit` is the limit of all caches of that kind together.
  once_cache(memory_budget& budget, memory_budget::kind kind, limit_function limit)
    : budget_(budget),
      kind_(kind),
      limit_(limit) {}
  ~once_cache() { clear(); }
  once_cache(const once_cache&) = delete;
  once_cache& operator=(const once_cache&) = delete;

  /// `bytes`: the memory that the value takes. A value that is in the cache already stays.
  void put(const oid& id, Value value, std::uint64_t bytes) {
    typename kept::items dropped; // freed after the lock
    const std::uint64_t limit = (budget_.*limit_)();
    if (bytes > limit)
      return;
    std::lock_guard guard{lock_};
    if (items_.add(id, {std::move(value), bytes}) == nullptr)
      return;
    bytes_ += bytes;
    budget_.add(kind_, bytes);
    while (budget_.used(kind_) > limit && !items_.empty())
      dropped.splice(dropped.begin(), counted_out(items_.take_oldest()));
  }

  bool contains(const oid& id) {
    std::lock_guard guard{lock_};
    return items_.contains(id);
  }

  /// Takes the value out of the cache.
  std::optional<Value> take(const oid& id) {
    std::lock_guard guard{lock_};
    auto taken = counted_out(items_.take(id));
    return taken.empty() ? std::nullopt : std::optional<Value>{std::move(taken.front().second.value)};
  }

  void clear() {
    typename kept::items dropped;
    std::lock_guard guard{lock_};
    dropped = counted_out(items_.take_all());
  }

private:
  struct item {
    Value value;
    std::uint64_t bytes;
  };
  using kept = lru_map<oid, item>;

  typename kept::items counted_out(typename kept::items gone) {
    for (const auto& [id, each] : gone) {
      bytes_ -= each.bytes;
      budget_.subtract(kind_, each.bytes);
    }
    return gone;
  }

  memory_budget& budget_;
  const memory_budget::kind kind_;
  const limit_function limit_;
  std::mutex lock_;
  kept items_; // used once, so the least recently used is the oldest
  std::uint64_t bytes_ = 0;
};

} // namespace gitfs
