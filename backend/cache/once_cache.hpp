// A cache of values that are each taken once: for what was fetched or read ahead of its reader.
#pragma once

#include "backend/cache/memory_budget.hpp"
#include "backend/git/oid.hpp"

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

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
    std::vector<item> dropped; // freed after the lock
    const std::uint64_t limit = (budget_.*limit_)();
    if (bytes > limit)
      return;
    std::lock_guard guard{lock_};
    if (!items_.try_emplace(id, item{std::move(value), bytes}).second)
      return;
    order_.push_back(id);
    bytes_ += bytes;
    budget_.add(kind_, bytes);
    if (order_.size() > 2 * items_.size() + 64)
      std::erase_if(order_, [this](const oid& each) { return !items_.contains(each); });
    // An object that was taken and came again may be in the list twice, and so be dropped early. That only costs
    // reading it again.
    while (budget_.used(kind_) > limit && !order_.empty()) {
      const auto oldest = items_.find(order_.front());
      order_.pop_front();
      if (oldest != items_.end())
        dropped.push_back(remove(oldest));
    }
  }

  bool contains(const oid& id) {
    std::lock_guard guard{lock_};
    return items_.contains(id);
  }

  /// Takes the value out of the cache.
  std::optional<Value> take(const oid& id) {
    std::lock_guard guard{lock_};
    const auto it = items_.find(id);
    if (it == items_.end())
      return std::nullopt;
    std::optional<Value> out{remove(it).value};
    if (items_.empty())
      order_.clear();
    return out;
  }

  void clear() {
    std::unordered_map<oid, item> dropped;
    std::lock_guard guard{lock_};
    budget_.subtract(kind_, std::exchange(bytes_, 0));
    order_.clear();
    dropped.swap(items_);
  }

private:
  struct item {
    Value value;
    std::uint64_t bytes;
  };

  item remove(typename std::unordered_map<oid, item>::iterator it) {
    item out = std::move(it->second);
    bytes_ -= out.bytes;
    budget_.subtract(kind_, out.bytes);
    items_.erase(it);
    return out;
  }

  memory_budget& budget_;
  const memory_budget::kind kind_;
  const limit_function limit_;
  std::mutex lock_;
  std::unordered_map<oid, item> items_;
  std::deque<oid> order_; // oldest first; some of these were taken already
  std::uint64_t bytes_ = 0;
};

} // namespace gitfs
