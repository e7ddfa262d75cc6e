// The bytes of a pack: its header, and the headers of its entries (gitformat-pack, "pack-*.pack files").
#pragma once

#include "backend/git/object.hpp"
#include "backend/git/oid.hpp"
#include "config/error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gitfs {

/// A number, its highest byte first, as everything but deltas and entry headers has it.
std::uint64_t big_endian(std::string_view bytes);
void append_big_endian(std::string& out, std::uint64_t value, unsigned bytes);

/// As it stands in a file.
std::string_view raw_name(const oid& id);

inline constexpr std::size_t pack_header_size = 12;
std::string pack_header(std::uint32_t objects);
/// The number of objects; none if these are not the first 12 bytes of a pack of version 2 or 3.
std::optional<std::uint32_t> parse_pack_header(std::string_view in);

inline constexpr unsigned ofs_delta = 6, ref_delta = 7; ///< beside the numbers of object_type

/// What stands before an entry's deflated data.
struct entry_header {
  unsigned type = 0;      ///< as object_type, or one of the two kinds of deltas
  std::uint64_t size = 0; ///< inflated; of a delta: its own
  std::uint64_t back = 0; ///< ofs_delta: the base's distance before this entry, unchecked
  oid base{};             ///< ref_delta
  std::size_t length = 0; ///< of this header, the base included

  bool is_delta() const { return type == ofs_delta || type == ref_delta; }

  /// The header at the start of `in`; none: more bytes are needed. EBADMSG: it is damaged.
  static result<std::optional<entry_header>> parse(std::string_view in);
  /// Its bytes. `length` is not looked at.
  std::string text() const;
};

} // namespace gitfs
