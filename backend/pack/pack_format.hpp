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

/// A number with its highest byte first, as in all parts of packs and indexes but deltas and entry headers.
std::uint64_t big_endian(std::string_view bytes);
void append_big_endian(std::string& out, std::uint64_t value, unsigned bytes);

/// The 20 bytes of an object id, as files have them.
std::string_view raw_name(const oid& id);

inline constexpr std::size_t pack_header_size = 12;

/// zlib's level for what is deflated here. It is a fast level, because the data are read soon and often.
inline constexpr int fast_compression = 1;
std::string pack_header(std::uint32_t objects);
/// The number of objects. None: these are not the first 12 bytes of a pack of version 2 or 3.
std::optional<std::uint32_t> parse_pack_header(std::string_view in);

inline constexpr unsigned ofs_delta = 6, ref_delta = 7; ///< beside the numbers of object_type

/// The header before an entry's deflated data.
struct entry_header {
  unsigned type = 0;      ///< as object_type, or one of the two kinds of deltas
  std::uint64_t size = 0; ///< inflated size of the object, or of the delta itself
  std::uint64_t back = 0; ///< for ofs_delta: how far before this entry its base begins; not checked
  oid base{};             ///< for ref_delta: the object id of the base
  std::size_t length = 0; ///< length of this header, including the base

  bool is_delta() const { return type == ofs_delta || type == ref_delta; }

  /// The header at the start of `in`. None: more bytes are needed. EBADMSG: the header is damaged.
  static result<std::optional<entry_header>> parse(std::string_view in);
  /// The bytes of the header. `length` is ignored.
  std::string text() const;
};

} // namespace gitfs
