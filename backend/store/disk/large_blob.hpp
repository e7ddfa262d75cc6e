// Reads blobs that are too large to be whole in memory.
#pragma once

#include "backend/git/object.hpp"
#include "backend/git/oid.hpp"
#include "config/error.hpp"

#include <filesystem>

namespace gitfs {

/// Writes the contents of blob `id` to the target and checks its hash. The blob is read from the loose objects and
/// packs (gitformat-pack, index version 2) below an `objects` folder and its alternates. It takes a few hundred
/// kilobytes of memory for any size. That holds for a delta, too: its base is written to a file first, and the base's
/// base before that. ENOENT: the blob is not there. EBADMSG: it is there, but damaged. Other errors: the disk failed.
result<void> copy_large_blob(const std::filesystem::path& objects, const oid& id, const blob_target& to);

} // namespace gitfs
