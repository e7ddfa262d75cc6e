// A map that remembers the order of use. It is in config/ because rooms of several layers use it.
#pragma once

#include <cstddef>
#include <functional>
#include <iterator>
#include <list>
#include <unordered_map>
#include <utility>

namespace gitfs {

/// Values by key, in the order of their last use. The owner decides how much is kept, and takes the oldest values out:
/// some owners count bytes, others values. Not thread-safe.
template <class Key, class Value>
class lru_map {
public:
  using value_type = std::pair<const Key, Value>;
  /// The most recently used first. Items that are taken out are returned in this list, so that an owner with a lock can
  /// destroy them after it has released the lock.
  using items = std::list<value_type>;

  lru_map() = default;
  lru_map(const lru_map&) = delete;
  lru_map& operator=(const lru_map&) = delete;

  std::size_t size() const { return index_.size(); }
  bool empty() const { return index_.empty(); }
  bool contains(const Key& key) const { return index_.contains(key); }

  auto begin() { return items_.begin(); }
  auto end() { return items_.end(); }
  auto begin() const { return items_.begin(); }
  auto end() const { return items_.end(); }

  /// Null: the key is not here. Does not count as use.
  Value* find(const Key& key) {
    const auto at = index_.find(key);
    return at == index_.end() ? nullptr : &at->second->second;
  }

  /// The same, and makes it the most recently used.
  Value* use(const Key& key) {
    const auto at = index_.find(key);
    if (at == index_.end())
      return nullptr;
    items_.splice(items_.begin(), items_, at->second);
    return &at->second->second;
  }

  /// Adds a value as the most recently used. Null: the key is here already, and keeps its value.
  Value* add(Key key, Value value) {
    items fresh;
    fresh.emplace_front(std::move(key), std::move(value));
    if (!index_.try_emplace(fresh.front().first, fresh.begin()).second)
      return nullptr;
    items_.splice(items_.begin(), fresh);
    return &items_.front().second;
  }

  /// Takes a value out. Empty: the key is not here.
  items take(const Key& key) {
    const auto at = index_.find(key);
    return at == index_.end() ? items{} : take_at(at->second);
  }

  /// Takes out the value that was used longest ago. Empty: the map is empty.
  items take_oldest() { return empty() ? items{} : take_at(std::prev(items_.end())); }

  items take_all() {
    index_.clear();
    return std::exchange(items_, {});
  }

  /// `condition(value)`
  template <class Condition>
  void erase_if(Condition condition) {
    for (auto at = items_.begin(); at != items_.end();) {
      const auto each = at++;
      if (condition(each->second))
        take_at(each);
    }
  }

private:
  items take_at(typename items::iterator which) {
    index_.erase(which->first);
    items out;
    out.splice(out.begin(), items_, which);
    return out;
  }

  items items_;
  std::unordered_map<Key, typename items::iterator> index_;
};

} // namespace gitfs
