// Which listing a reader of a directory is in.
#pragma once

#include "backend/git/oid.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace gitfs {

/// Where a reader is: the kernel keeps this number of each reader between two requests, and of each entry in its cache
/// of the listing. A listing that never changed has number 0, so its cookies are the positions alone.
struct reader_cookie {
  std::uint32_t listing = 0;  ///< number of the listing that the reader began
  std::uint32_t position = 0; ///< how many entries of that listing the reader has had, "." and ".." included

  constexpr std::uint64_t number() const { return (std::uint64_t{listing} << 32) | position; }
  static constexpr reader_cookie of(std::uint64_t offset) {
    return {static_cast<std::uint32_t>(offset >> 32), static_cast<std::uint32_t>(offset)};
  }
};

/// Numbers the listings that a directory shows one after the other, and remembers the trees of the earlier ones, so
/// that a reader can go on with the listing that it began.
class listing_history {
public:
  /// A reader that slept through more changes of the directory than this has to begin anew.
  static constexpr std::size_t most_remembered = 256;

  /// The number of the listing that is shown now.
  std::uint32_t number() const { return number_; }

  /// Another listing is shown from now on. Only for listings that a reader may have begun.
  void replace(const oid& tree_until_now) {
    if (past_.size() == most_remembered)
      past_.erase(past_.begin());
    past_.push_back(tree_until_now);
    ++number_;
  }

  /// The tree of an earlier listing. Nothing: no such listing is remembered.
  std::optional<oid> tree_of(std::uint32_t listing) const {
    const std::uint32_t ago = number_ - listing;
    if (listing >= number_ || ago > past_.size())
      return std::nullopt;
    return past_[past_.size() - ago];
  }

  std::size_t bytes() const { return past_.capacity() * sizeof(oid); }

private:
  std::uint32_t number_ = 0;
  std::vector<oid> past_; // the latest last
};

} // namespace gitfs
