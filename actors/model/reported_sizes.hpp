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
class reported_sizes {
public:
  using sized = std::pair<oid, std::uint64_t>;
  explicit reported_sizes(const std::vector<sized>& all) : all_(all) {}

  const sized* of(const oid& id) {
    if (next_ < all_.size() && all_[next_].first == id)
      return &all_[next_++];
    if (index_.empty())
      for (const sized& each : all_)
        index_.emplace(each.first, &each);
    const auto it = index_.find(id);
    return it == index_.end() ? nullptr : it->second;
  }

private:
  const std::vector<sized>& all_;
  std::size_t next_ = 0;
  std::unordered_map<oid, const sized*> index_; // filled by the first look-up that is out of order
};

} // namespace gitfs
