// Where what is in an index file (gitformat-pack, "Pack index"). For the sources that read indexes.
#pragma once

#include "backend/git/oid.hpp"
#include "backend/pack/pack_format.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace gitfs {

inline constexpr std::string_view index_magic{"\377tOc\0\0\0\2", 8};
inline constexpr std::size_t fanout_size = 256;
inline constexpr std::uint64_t long_offset = std::uint64_t{1} << 31;   // set: the rest is a place in the last table
inline constexpr std::uint64_t index_trailer_size = 2 * oid::raw_size; // the pack's checksum and the index's own

/// The parts of an index of version 1 or 2: fan-out, names, CRCs, offsets, offsets beyond 2 GB.
struct index_layout {
  unsigned version = 2;
  std::uint64_t count = 0; ///< of objects
  std::uint64_t fanout_at = 0, names_at = 0, name_step = 0;
  std::uint64_t crcs_at = 0; ///< 0: version 1, which has none
  std::uint64_t offsets_at = 0, offset_step = 0, long_offsets_at = 0;
  std::uint64_t shortest = 0; ///< so many bytes an index of so many objects has at least, with its trailer

  /// So many bytes must be there for `of`.
  static constexpr std::size_t head_size = 8 + 4 * fanout_size;

  /// `head`: the first bytes of the file. None: it is no index, or the fan-out is not in order.
  static std::optional<index_layout> of(std::string_view head) {
    index_layout out;
    if (head.size() < head_size)
      return std::nullopt;
    if (head.starts_with(index_magic.substr(0, 4))) {
      if (!head.starts_with(index_magic))
        return std::nullopt;
      out.fanout_at = index_magic.size();
    } else {
      out.version = 1;
    }
    const std::uint64_t after_fanout = out.fanout_at + 4 * fanout_size;
    for (std::size_t first = 0; first < fanout_size; ++first) {
      const std::uint64_t until = big_endian(head.substr(out.fanout_at + 4 * first, 4));
      if (until < out.count)
        return std::nullopt;
      out.count = until;
    }
    if (out.version == 1) { // a row for each object: offset, name
      out.offsets_at = after_fanout;
      out.names_at = after_fanout + 4;
      out.name_step = out.offset_step = 4 + oid::raw_size;
      out.long_offsets_at = after_fanout + out.count * out.name_step;
    } else {
      out.names_at = after_fanout;
      out.name_step = oid::raw_size;
      out.crcs_at = out.names_at + out.count * oid::raw_size;
      out.offsets_at = out.crcs_at + out.count * 4;
      out.offset_step = 4;
      out.long_offsets_at = out.offsets_at + out.count * 4;
    }
    out.shortest = out.long_offsets_at + index_trailer_size;
    return out;
  }

  std::uint64_t name_at(std::uint64_t i) const { return names_at + i * name_step; }
  std::uint64_t offset_at(std::uint64_t i) const { return offsets_at + i * offset_step; }
  /// Whether an index of so many bytes can have this layout.
  bool fits(std::uint64_t bytes) const {
    const std::uint64_t beyond = bytes - shortest; // of the last table
    return bytes >= shortest && (version == 1 ? beyond == 0 : beyond % 8 == 0 && beyond / 8 <= count);
  }
};

} // namespace gitfs
