// What was used last, by key. Here, because rooms of several layers keep such things.
#pragma once

#include <cstddef>
#include <functional>
#include <iterator>
#include <list>
#include <unordered_map>
#include <utility>

namespace gitfs {

/// Values by key, in the order of their last use. How much is kept is for the owner to say, who takes the oldest out:
/// one counts bytes, another a share of a budget, a third the values. Not thread-safe.
template <class Key, class Value>
class lru_map {
public:
  using value_type = std::pair<const Key, Value>;
  /// The most recently used first. What is taken out is handed over as such, so that an owner with a lock can destroy
  /// it behind that.
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

  /// Null: it is not here. Is no use of it.
  Value* find(const Key& key) {
    const auto at = index_.find(key);
    return at == index_.end() ? nullptr : &at->second->second;
  }

  /// The same, and it is the most recently used from now on.
  Value* use(const Key& key) {
    const auto at = index_.find(key);
    if (at == index_.end())
      return nullptr;
    items_.splice(items_.begin(), items_, at->second);
    return &at->second->second;
  }

  /// Adds it as the most recently used. Null: that key is here already, and what it has stays as it is.
  Value* add(Key key, Value value) {
    items fresh;
    fresh.emplace_front(std::move(key), std::move(value));
    if (!index_.try_emplace(fresh.front().first, fresh.begin()).second)
      return nullptr;
    items_.splice(items_.begin(), fresh);
    return &items_.front().second;
  }

  /// Empty: it was not here.
  items take(const Key& key) {
    const auto at = index_.find(key);
    return at == index_.end() ? items{} : take_at(at->second);
  }

  /// The one that was used longest ago. Empty: there is none.
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
