// A directory's place in the snapshot.
#pragma once

#include "actors/node_id.hpp"
#include "backend/oid.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace gitfs {

/// Immutable, and shared by a directory's actor, its children's links and the readahead: any thread may read it.
struct dir_link {
  std::shared_ptr<const dir_link> parent; ///< none for the root
  child_index index = 0;                  ///< of its dentry in the parent, from 0
  oid tree;
  std::uint64_t ino = root_ino;
  std::string name; ///< empty for the root
};

using dir_link_ptr = std::shared_ptr<const dir_link>;

/// Path of a directory below the mountpoint, without a leading slash; for messages.
inline std::string path_of(const dir_link& link) {
  if (!link.parent)
    return {};
  std::string up = path_of(*link.parent);
  return up.empty() ? link.name : up + "/" + link.name;
}

} // namespace gitfs
