// Where a directory is in the mount, and which snapshot it belongs to.
#pragma once

#include "actors/model/node_id.hpp"
#include "actors/model/path_key.hpp"
#include "backend/git/oid.hpp"
#include "backend/remote/shown_times.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gitfs {

struct shown_snapshot; // mounted_ref.hpp
using shown_ptr = std::shared_ptr<const shown_snapshot>;

/// Immutable. The directory's actor, its children's locations and the readahead share it; any thread may read it.
struct directory_location {
  std::shared_ptr<const directory_location> parent; ///< null for the root of the mount
  child_index index = 0;                            ///< index of its dentry in the parent, from 0
  oid tree;                                         ///< its tree object; zeroes above the repositories
  path_key key = root_key;                          ///< of its path when the kernel first referred to it
  std::string name;                                 ///< empty for the root of the mount
  shown_ptr shown{};                                ///< the snapshot that it belongs to; null above the repositories
  /// Its position in the parent's sorted listing. Unset: the position is `index`, which is true until the parent moves
  /// to another snapshot.
  std::optional<child_index> position{};
  /// Since when the directory has had its tree; unset: that of the snapshot. Entries of which nothing better is known
  /// show this time.
  std::optional<file_time> since{};
  /// What it showed before that. Null: nothing is known of it, or it is in the snapshot.
  shown_runs_ptr past{};

  child_index place() const { return position.value_or(index); }
};

using directory_location_ptr = std::shared_ptr<const directory_location>;

/// Everything that is still to be done for a move to another snapshot holds a copy: messages in mailboxes, directories
/// whose new tree is not here yet, notices to the kernel. When the last copy is destroyed, the whole mounted ref shows
/// the new snapshot.
using move_token = std::shared_ptr<void>;

/// A directory, as the slot and generation that it uses, and the location that it is to have from now on.
struct relinked {
  dir_slot slot = no_slot;
  std::uint32_t generation = 0;
  directory_location_ptr link;
  move_token move{};
};

/// True for the root directory of a snapshot, and for the root of the mount. Prefetching never goes above it.
inline bool is_root(const directory_location& link) {
  return !link.parent || (link.shown && !link.parent->shown);
}

/// Path of a directory below the mountpoint, without a leading slash, for messages to people.
inline std::string path_of(const directory_location& link) {
  if (!link.parent)
    return {};
  std::string up = path_of(*link.parent);
  return up.empty() ? link.name : up + "/" + link.name;
}

} // namespace gitfs
