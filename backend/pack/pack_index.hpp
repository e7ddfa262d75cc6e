// The index of a pack (gitformat-pack, "Version 2 pack-*.idx files").
#pragma once

#include "backend/git/oid.hpp"
#include "config/error.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace gitfs {

/// One object in an index.
struct index_entry {
  oid id;
  std::uint32_t crc = 0;    ///< CRC of the entry's bytes in the pack
  std::uint64_t offset = 0; ///< offset of the entry in the pack
};

/// Makes the bytes of an index file. `entries` may be in any order. `checksum`: the trailer of the pack.
std::string make_index(std::vector<index_entry> entries, const oid& checksum);

struct pack_index {
  std::vector<index_entry> entries; ///< in the order of their object ids; the offsets are not checked
  oid checksum;                     ///< the trailer of the pack that the index names
};

/// Reads a whole index and verifies its checksum. EBADMSG: it is damaged, or of another version. Otherwise the disk's
/// error.
result<pack_index> read_index(const std::filesystem::path& file);

/// The number of objects that an index claims to have; 0 if it cannot be read, or is more than its file can hold.
std::uint64_t objects_in(const std::filesystem::path& index);

} // namespace gitfs
