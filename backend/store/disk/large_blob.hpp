// Blobs that are too large to be whole in memory.
#pragma once

#include "backend/git/object.hpp"
#include "backend/git/oid.hpp"
#include "config/error.hpp"

#include <filesystem>

namespace gitfs {

/// Writes the contents of blob `id` to the target, its hash checked, from the loose objects and packs (gitformat-pack,
/// index version 2) below an `objects` folder and its alternates. A few hundred kilobytes of memory for any size, also
/// for a delta: its base is written to a file first, the base's base before that. ENOENT: not in these. EBADMSG: here,
/// but damaged. Other: the disk failed.
result<void> copy_large_blob(const std::filesystem::path& objects, const oid& id, const blob_target& to);

} // namespace gitfs
