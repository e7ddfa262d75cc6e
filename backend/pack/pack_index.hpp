// The index of a pack (gitformat-pack, "Version 2 pack-*.idx files").
#pragma once

#include "backend/git/oid.hpp"
#include "config/error.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace gitfs {

/// What the index says of an object.
struct index_entry {
  oid id;
  std::uint32_t crc = 0;    ///< of the entry's bytes in the pack
  std::uint64_t offset = 0; ///< of the entry in the pack
};

/// The whole file. `entries`: in any order. `checksum`: the pack's trailer.
std::string make_index(std::vector<index_entry> entries, const oid& checksum);

struct pack_index {
  std::vector<index_entry> entries; ///< in the order of their names; their offsets are not checked
  oid checksum;                     ///< of the pack, as its index has it
};

/// All of it, its checksum verified. EBADMSG: it is damaged, or of another version. Otherwise the disk's error.
result<pack_index> read_index(const std::filesystem::path& file);

/// One look-up: a dozen reads, nothing is mapped or kept. None if the object is not in it, or the file is no such
/// index.
std::optional<std::uint64_t> offset_in_pack(const std::filesystem::path& index, const oid& id);

/// The number of objects that an index claims to have; 0 if that cannot be read, or is more than its file can hold.
std::uint64_t objects_in(const std::filesystem::path& index);

} // namespace gitfs
