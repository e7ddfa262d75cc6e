// A pack and its index, opened to copy and check its objects without inflating them.
#pragma once

#include "backend/git/oid.hpp"
#include "backend/pack/pack_index.hpp"
#include "config/error.hpp"
#include "config/unique_fd.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <utility>
#include <vector>

namespace gitfs {

/// A pack with an index of version 2 (gitformat-pack). Everything that is read is checked. The files are read with
/// pread and not through a mapping, where an error of the disk would be a SIGBUS. Several threads may use it at once,
/// but not while it is moved.
class pack_file {
public:
  /// An object as it lies in the pack: header, perhaps a base, deflated data.
  struct entry {
    oid id;
    std::uint64_t begin, end; ///< offsets in the pack
    std::uint32_t crc;        ///< CRC of these bytes by the index
  };

  struct head {
    unsigned type = 0;                 ///< as in entry_header
    std::uint64_t size = 0;            ///< size of the inflated data
    std::uint32_t length = 0;          ///< length of the header in bytes, including the base's name or offset
    std::optional<std::uint32_t> base; ///< for a delta: the number of the entry of its base
  };

  /// Opens `X.idx` and `X.pack`. EBADMSG: one of them is damaged, or they do not belong together. Otherwise the disk's
  /// error. Costs reading the index, which has 28 bytes for each object.
  static result<pack_file> open(const std::filesystem::path& index);

  const std::filesystem::path& index() const { return index_; }
  /// The entries in the order of their offsets.
  std::span<const entry> entries() const { return entries_; }
  /// The status of the pack's file when it was opened.
  const struct stat& status() const { return status_; }

  /// Reads the header of an entry. EBADMSG: there is no header, or the entry's base is not in this pack.
  result<head> read_head(std::size_t number) const;

  /// Passes the bytes from offset `from` to offset `end` to `use`, in pieces. Checks nothing.
  result<void> read(std::uint64_t from, std::uint64_t end,
                    const std::function<result<void>(std::string_view)>& use) const;

  /// True if the entry's bytes have the CRC that the index names.
  result<bool> is_sound(std::size_t number) const;

  /// True if the pack's own checksum is right, and is the one that the index names. Reads the whole pack.
  result<bool> checksum_is_right() const;

private:
  pack_file() = default;
  result<void> take(const pack_index& table);

  std::filesystem::path index_;
  unique_fd fd_;
  struct stat status_ {};
  std::vector<entry> entries_;
  std::vector<std::uint32_t> by_id_; // numbers of entries, in the order of their object ids
  oid pack_checksum_;
};

} // namespace gitfs
