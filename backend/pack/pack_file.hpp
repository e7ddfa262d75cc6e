// A pack and its index, opened to copy and check its objects as they lie in it.
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

/// A pack with an index of version 2 (gitformat-pack). Believes nothing that it has not checked; reads with pread, not
/// through a mapping, where a disk's error would be SIGBUS. Not to be used by several threads at once while moved.
class pack_file {
public:
  /// An object as it lies in the pack: header, perhaps a base, deflated data.
  struct entry {
    oid id;
    std::uint64_t begin, end; ///< offsets in the pack
    std::uint32_t crc;        ///< of these bytes, as the index has it
  };

  struct head {
    unsigned type = 0;                 ///< as in entry_header
    std::uint64_t size = 0;            ///< of the inflated data
    std::uint32_t length = 0;          ///< in bytes, the base's name or offset included
    std::optional<std::uint32_t> base; ///< of a delta: the number of the entry that it applies to
  };

  /// Takes `X.idx` and finds `X.pack`. EBADMSG: one of them is damaged or they do not belong together. Otherwise the
  /// disk's error. Costs reading the index, 28 bytes for each object.
  static result<pack_file> open(const std::filesystem::path& index);

  const std::filesystem::path& index() const { return index_; }
  /// In the order of their offsets.
  std::span<const entry> entries() const { return entries_; }
  /// Of the pack's file, when it was opened.
  const struct stat& status() const { return status_; }

  /// EBADMSG: it is none, or its base is not in this pack.
  result<head> read_head(std::size_t number) const;

  /// Gives `use` the bytes from `from` (an offset in the pack) to the entry's end, in pieces. Checks nothing.
  result<void> read(std::uint64_t from, std::uint64_t end,
                    const std::function<result<void>(std::string_view)>& use) const;

  /// True if the entry's bytes are those that the index was made from.
  result<bool> is_sound(std::size_t number) const;

  /// True if the pack's own checksum is right, and is the one that the index names. Reads all of it.
  result<bool> checksum_is_right() const;

private:
  pack_file() = default;
  result<void> take(const pack_index& table);

  std::filesystem::path index_;
  unique_fd fd_;
  struct stat status_ {};
  std::vector<entry> entries_;
  std::vector<std::uint32_t> by_id_; // numbers of entries, in the order of their names
  oid pack_checksum_;
};

} // namespace gitfs
