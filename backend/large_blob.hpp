// Blobs that are too large to be whole in memory.
#pragma once

#include "backend/oid.hpp"
#include "backend/unlinked_file.hpp"
#include "config/error.hpp"

#include <atomic>
#include <filesystem>

namespace gitfs {

/// Where the contents of a large blob go.
struct blob_target {
  unlinked_file& file;                 ///< empty
  const std::filesystem::path& folder; ///< for further unlinked files, which bases of deltas go through
  const std::atomic<bool>& stop;       ///< once true, the copying ends soon, with ECANCELED
};

/// Writes the contents of blob `id` to the target, its hash checked, from the loose objects and packs (gitformat-pack,
/// index version 2) below an `objects` folder and its alternates. A few hundred kilobytes of memory for any size, also
/// for a delta: its base is written to a file first, the base's base before that. ENOENT: not in these. EBADMSG: here,
/// but damaged. Other: the disk failed.
result<void> copy_large_blob(const std::filesystem::path& objects, const oid& id, const blob_target& to);

} // namespace gitfs
