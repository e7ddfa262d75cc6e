// Messages between the bridge, the supervisor and directories.
#pragma once

#include "actors/model/directory_location.hpp"
#include "actors/model/kernel_op.hpp"
#include "actors/model/mount_nodes.hpp"
#include "actors/model/want.hpp"
#include "actors/runtime/message.hpp"

#include <caf/message.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace gitfs {

// --- bridge → directory ----------------------------------------------------------------------------------------------

// kernel_op, a request that is answered, is in actors/model/kernel_op.hpp.

/// FORGET: the kernel gives back references to a child. Never answered.
struct forget_op {
  child_index at = self_child;
  std::uint64_t count = 0;
  trace::sent_by stamp = trace::sent_by::now();
};

// --- bridge → supervisor ---------------------------------------------------------------------------------------------

/// A message for a directory that has no actor yet: spawn it and hand the message on.
struct enter_directory {
  dir_slot slot = no_slot;
  caf::message first;
  trace::sent_by stamp = trace::sent_by::now();
};

// --- directory ↔ itself, later ---------------------------------------------------------------------------------------

/// The caller of a parked request gave up.
struct interrupt_op {
  std::uint64_t request_id = 0;
  trace::sent_by stamp = trace::sent_by::now();
};
/// A large blob is in the blob cache or in a file now (or why not).
struct blob_loaded {
  want_id id = 0;
  int code = 0;
  std::string why{};
  trace::sent_by stamp = trace::sent_by::now();
};

// --- directory ↔ supervisor ------------------------------------------------------------------------------------------

/// From the parent: the kernel holds no reference to the directory in `slot`. The supervisor passes it on as
/// `released`.
struct release_directory {
  dir_slot slot = no_slot;
  release_number number = 0;
  trace::sent_by stamp = trace::sent_by::now();
};
/// From the directory itself: it was released under `number`, and nothing below it is referenced. The supervisor passes
/// it on to the parent as `child_is_idle`. The generation is needed because a second such message may come when the
/// slot already belongs to another directory.
struct directory_idle {
  dir_slot slot = no_slot;
  std::uint32_t generation = 0;
  release_number number = 0;
  trace::sent_by stamp = trace::sent_by::now();
};
/// From the parent: the kernel has not looked the directory up since its release, so the supervisor ends it.
struct reap_directory {
  dir_slot slot = no_slot;
  trace::sent_by stamp = trace::sent_by::now();
};
/// From a directory: so many of its entries cannot be shown in the mount, for that reason.
struct entries_hidden {
  directory_location_ptr link;
  std::size_t count = 0;
  std::string reason;
  trace::sent_by stamp = trace::sent_by::now();
};
/// Supervisor → itself, every few seconds: check whether the mount is in use.
struct check_idle {
  trace::sent_by stamp = trace::sent_by::now();
};
/// From a directory: listings take more memory than they may.
struct over_budget {
  trace::sent_by stamp = trace::sent_by::now();
};
/// Supervisor → directory: see directory_state::shed. Always answered by `listing_shed`.
struct shed_listing {
  trace::sent_by stamp = trace::sent_by::now();
};
struct listing_shed {
  trace::sent_by stamp = trace::sent_by::now();
};
/// These directories have other locations now, because they are part of another snapshot. A directory sends it for its
/// children, the catalog for the root directory of a snapshot. The supervisor writes the locations of directories that
/// nobody has entered into the inode table, and passes the others on as `snapshot_moved`.
struct relink_directories {
  std::vector<relinked> of;
  trace::sent_by stamp = trace::sent_by::now();
};
/// Supervisor → directory: see directory_state::moved.
struct snapshot_moved {
  directory_location_ptr link;
  move_token move{};
  trace::sent_by stamp = trace::sent_by::now();
};
/// Catalog → supervisor → directory: see directory_state::entries_changed.
struct entries_changed {
  mount_node_answer now;
  std::vector<std::string> replaced;
  trace::sent_by stamp = trace::sent_by::now();
};
struct change_entries {
  dir_slot slot = no_slot;
  std::uint32_t generation = 0;
  entries_changed what;
  trace::sent_by stamp = trace::sent_by::now();
};
/// Supervisor → directory: the kernel holds no reference to this directory any more.
struct released {
  release_number number = 0;
  trace::sent_by stamp = trace::sent_by::now();
};
/// Supervisor → parent: the child in `slot` is idle.
struct child_is_idle {
  dir_slot slot = no_slot;
  std::uint32_t generation = 0;
  release_number number = 0;
  trace::sent_by stamp = trace::sent_by::now();
};

} // namespace gitfs
