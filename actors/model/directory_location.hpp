// A directory's place in the mount, and the snapshot that it is part of.
#pragma once

#include "actors/model/node_id.hpp"
#include "actors/model/path_key.hpp"
#include "backend/git/oid.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gitfs {

struct shown_snapshot; // mounted_ref.hpp
using shown_ptr = std::shared_ptr<const shown_snapshot>;

/// Immutable, and shared by a directory's actor, its children's links and the readahead: any thread may read it.
struct directory_location {
  std::shared_ptr<const directory_location> parent; ///< none for the root of the mount
  child_index index = 0;                            ///< of its dentry in the parent, from 0
  oid tree;                                         ///< zeroes above the repositories
  path_key key = root_key;                          ///< of its path when the kernel first referred to it
  std::string name;                                 ///< empty for the root of the mount
  shown_ptr shown{};                                ///< none above the repositories
  /// In the sorted listing; none: as `index`, which is the same until the parent takes over another snapshot.
  std::optional<child_index> position{};
  /// Time of the snapshot since which its tree is known to be unchanged; none: of this one. So it is the time of all
  /// in it of which nothing better is known.
  std::optional<std::int64_t> since{};

  child_index place() const { return position.value_or(index); }
};

using directory_location_ptr = std::shared_ptr<const directory_location>;

/// Held by all that is still to be done for a move: messages on their way, directories whose new tree is not here yet,
/// notices to the kernel. When the last copy goes, the mount shows what was moved to.
using move_token = std::shared_ptr<void>;

/// The directory that uses a slot in that generation, and its place in the snapshot that it is to show.
struct relinked {
  dir_slot slot = no_slot;
  std::uint32_t generation = 0;
  directory_location_ptr link;
  move_token move{};
};

/// True of the root directory of a snapshot (and of the mount). What looks ahead never goes above it.
inline bool is_root(const directory_location& link) {
  return !link.parent || (link.shown && !link.parent->shown);
}

/// Path of a directory below the mountpoint, without a leading slash; for messages.
inline std::string path_of(const directory_location& link) {
  if (!link.parent)
    return {};
  std::string up = path_of(*link.parent);
  return up.empty() ? link.name : up + "/" + link.name;
}

} // namespace gitfs
