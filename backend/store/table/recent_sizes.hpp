// The sizes that were put into a table last.
#pragma once

#include "backend/git/oid.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <shared_mutex>
#include <span>
#include <utility>
#include <vector>

namespace gitfs {

/// What was put last and is looked up next, as it was sorted for the table: names are spread evenly, so where one
/// stands can be guessed, and it costs no look into a file. At most 4 MB. Thread-safe.
class recent_sizes {
public:
  using put = std::vector<std::pair<oid, std::uint64_t>>;

  /// `some` is sorted. Of a few it is not worth while: they are not kept.
  void add(std::shared_ptr<const put> some);

  /// Fills in what it knows where `out` has unknown_size; the number of those that it does not know.
  std::size_t get(std::span<const oid> ids, std::span<std::uint64_t> out);

  void clear();

private:
  std::shared_mutex mutex_;
  std::deque<std::shared_ptr<const put>> puts_; // the newest last
  std::size_t entries_ = 0;
};

} // namespace gitfs
