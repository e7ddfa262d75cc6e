// Reads blobs that are too large to be whole in memory.
#pragma once

#include "backend/git/object.hpp"
#include "backend/git/oid.hpp"
#include "backend/pack/pack_reader.hpp"
#include "config/error.hpp"

#include <filesystem>

namespace gitfs {

/// Both functions write the contents of blob `id` over those of the target's file, and check the hash. They take a few
/// hundred kilobytes of memory, whatever the size is, and so for deltas, too: the base of a delta is written to a file
/// first, and the base's base before that. ENOENT: the pack or the file is gone. EBADMSG: it is damaged. EIO: the
/// object is no blob. Otherwise the disk's error.

/// `at`: the offset of the blob in the pack.
result<void> copy_packed_blob(pack_reader& from, std::uint64_t at, const oid& id, const blob_target& to);
/// Copies a loose object of the folder `objects`.
result<void> copy_loose_blob(const std::filesystem::path& objects, const oid& id, const blob_target& to);

} // namespace gitfs
