// Says of most object ids, without a search, that they are not in a set.
#pragma once

#include "backend/git/oid.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace gitfs {

/// A Bloom filter of which each id looks at one word. Most look-ups in an index are for what is not in it, and a search
/// there touches memory in several places: while the Linux tree is read there are up to a hundred packs, whose
/// filters take less room than the processor's second cache, and whose indexes take more. Reading is thread-safe.
class id_filter {
public:
  /// For so many ids: two to four bytes for each.
  explicit id_filter(std::size_t count) : words_(words_for(count)) {}

  static std::size_t bytes_for(std::size_t count) { return words_for(count) * sizeof(std::uint64_t); }

  void add(const oid& id) { word_of(id) |= bits_of(id); }

  /// False: it was not added. Of those that were not, some one in 200 is true nevertheless.
  bool may_have(const oid& id) const {
    const std::uint64_t bits = bits_of(id);
    return (words_[place_of(id)] & bits) == bits;
  }

private:
  static std::size_t words_for(std::size_t count) {
    constexpr std::size_t ids_in_word = 4; // at most
    return std::bit_ceil(std::max<std::size_t>((count + ids_in_word - 1) / ids_in_word, 1));
  }

  // An id is random already; its first bytes are what indexes and tables are ordered by.
  static std::uint64_t part(const oid& id, std::size_t at) {
    std::uint64_t out;
    std::memcpy(&out, id.bytes.data() + at, sizeof out);
    return out;
  }
  static std::uint64_t bits_of(const oid& id) {
    const std::uint64_t from = part(id, 12);
    std::uint64_t out = 0;
    for (unsigned i = 0; i < 4; ++i)
      out |= std::uint64_t{1} << (from >> (6 * i) & 63U);
    return out;
  }
  std::size_t place_of(const oid& id) const { return part(id, 4) & (words_.size() - 1); }
  std::uint64_t& word_of(const oid& id) { return words_[place_of(id)]; }

  std::vector<std::uint64_t> words_;
};

} // namespace gitfs
