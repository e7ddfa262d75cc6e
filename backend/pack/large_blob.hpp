// Reads blobs that are too large to be whole in memory.
#pragma once

#include "backend/git/object.hpp"
#include "backend/git/oid.hpp"
#include "backend/pack/pack_reader.hpp"
#include "config/error.hpp"

#include <filesystem>

namespace gitfs {

/// Both write the contents of blob `id` to the target and check its hash. It takes a few hundred kilobytes of memory
/// for any size. That holds for a delta, too: its base is written to a file first, and the base's base before that.
/// What the target's file held before is overwritten. ENOENT: the pack or the file is gone. EBADMSG: damaged. EIO: it
/// is no blob. Otherwise the disk's error.

/// `at`: the offset of the blob in the pack.
result<void> copy_packed_blob(pack_reader& from, std::uint64_t at, const oid& id, const blob_target& to);
/// From the loose objects of an `objects` folder.
result<void> copy_loose_blob(const std::filesystem::path& objects, const oid& id, const blob_target& to);

} // namespace gitfs
