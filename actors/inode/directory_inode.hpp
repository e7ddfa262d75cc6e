// The parts of one directory inode, on which its operations work.
#pragma once

#include "actors/inode/child_releases.hpp"
#include "actors/inode/directory_listing.hpp"
#include "actors/inode/directory_port.hpp"
#include "actors/inode/lone_lookups.hpp"
#include "actors/inode/missing.hpp"
#include "actors/inode/pending_notices.hpp"
#include "actors/inode/snapshot_move.hpp"
#include "actors/mount/mount_context.hpp"

#include <span>

namespace gitfs {

/// Each part is a plain class that knows none of the others. What takes several of them is a function: an operation
/// (`directory_operations.hpp`), a want (`directory_wants.hpp`), a reference of the kernel
/// (`directory_references.hpp`), a step of a move (`directory_move.hpp`). `directory_state` owns the parts and calls
/// these functions.
class directory_inode {
  directory_location_ptr location_; // first, because the listing needs the environment
  environment* outside_;

public:
  directory_inode(mount_context& context, dir_slot self, directory_location_ptr location, directory_port& port);
  directory_inode(const directory_inode&) = delete;
  directory_inode& operator=(const directory_inode&) = delete;

  mount_context& context;
  directory_port& port;
  const dir_slot self;
  directory_listing listing;
  child_releases releases;
  directory_parking parking;
  lone_lookups lookups;
  snapshot_move move;
  pending_notices notices;

  /// Where the directory is in the snapshot that it shows.
  const directory_location_ptr& location() const { return location_; }
  /// False: it is above the repositories.
  bool in_repository() const { return location_->shown != nullptr; }
  /// The environment of the repository that it is in.
  environment& outside() const { return *outside_; }
  void stand_at(directory_location_ptr location);

  /// Since when the directory has had its tree.
  file_time since() const;
  /// What it showed before that, the latest first, as far as that is known.
  std::span<const shown_run> past() const;

  bool in_use() const { return !parking.waiting().empty(); }
};

} // namespace gitfs
