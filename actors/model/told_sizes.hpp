// Finds the size of an object in the answer of a server.
#pragma once

#include "backend/git/oid.hpp"

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

namespace gitfs {

/// Servers answer in the order of the question, so look-ups in the same order need no index.
class told_sizes {
public:
  using told = std::pair<oid, std::uint64_t>;
  explicit told_sizes(const std::vector<told>& all) : all_(all) {}

  const told* of(const oid& id) {
    if (next_ < all_.size() && all_[next_].first == id)
      return &all_[next_++];
    if (index_.empty())
      for (const told& each : all_)
        index_.emplace(each.first, &each);
    const auto it = index_.find(id);
    return it == index_.end() ? nullptr : it->second;
  }

private:
  const std::vector<told>& all_;
  std::size_t next_ = 0;
  std::unordered_map<oid, const told*> index_; // filled by the first look-up that is out of order
};

} // namespace gitfs
