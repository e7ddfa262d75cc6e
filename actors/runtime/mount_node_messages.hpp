// Messages between the catalog and directories above the repositories.
#pragma once

#include "actors/model/directory_location.hpp"
#include "actors/model/mount_nodes.hpp"
#include "actors/model/want.hpp"
#include "actors/runtime/message.hpp"

#include <caf/actor_control_block.hpp>

#include <cstdint>
#include <string>

namespace gitfs {

/// A directory asks the catalog what is at its node. `name`: the directory needs only this name in it; empty: it needs
/// all names. Answered by `mount_node_answered`, unless cancelled. `slot` and `generation` are the directory's own.
struct ask_mount_node {
  caf::weak_actor_ptr from;
  caf::actor_id from_id = 0;
  want_id id = 0;
  directory_location_ptr location;
  std::string name;
  dir_slot slot = no_slot;
  std::uint32_t generation = 0;
  trace::sent_by stamp = trace::sent_by::now();
};
struct cancel_mount_node {
  caf::actor_id from_id = 0;
  want_id id = 0;
  trace::sent_by stamp = trace::sent_by::now();
};
struct mount_node_answered {
  want_id id = 0;
  mount_node_answer what;
  trace::sent_by stamp = trace::sent_by::now();
};

} // namespace gitfs
