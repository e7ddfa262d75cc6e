// Sends messages to the directory actor that answers for a node.
#pragma once

#include "actors/mount/mount_context.hpp"
#include "actors/runtime/directory_messages.hpp"
#include "config/log.hpp"

#include <caf/actor.hpp>
#include <caf/execution_unit.hpp>
#include <caf/mailbox_element.hpp>

#include <utility>

namespace gitfs {

/// Puts `m` into the mailbox of the directory in `slot`. If the directory has an actor, `unit` runs it (null: the
/// scheduler does). If nobody has entered the directory yet, the message goes to the supervisor, which makes the actor.
/// Any thread that owns `unit`.
///
/// The kernel's reference to the node, on whose behalf the request comes, keeps the actor alive until the message is in
/// its mailbox.
template <class Message>
void send_to_directory(const mount_context& context, const caf::actor& supervisor, dir_slot slot, Message m,
                       caf::execution_unit* unit) {
  const inode_table& inodes = context.inodes;
  if (!inodes.in_use(slot)) {
    log::error("a request for a node of directory {}, which the kernel has given back", slot);
    return; // a reply in the message answers EIO when the message is destroyed
  }
  if (caf::actor_control_block* live = inodes.actor_of(slot))
    live->get()->enqueue(caf::make_mailbox_element(nullptr, caf::make_message_id(), {}, std::move(m)), unit);
  else
    supervisor->enqueue(caf::make_mailbox_element(nullptr, caf::make_message_id(), {},
                                                  enter_directory{slot, caf::make_message(std::move(m))}),
                        unit);
}

/// FORGET: the references to a file are counted by its directory, those to a directory by its parent.
inline void forget_node(const mount_context& context, const caf::actor& supervisor, node_address node,
                        std::uint64_t count, caf::execution_unit* unit) {
  if (node.child != self_child) {
    send_to_directory(context, supervisor, node.dir, forget_op{node.child, count}, unit);
    return;
  }
  const inode_table& inodes = context.inodes;
  if (inodes.in_use(node.dir) && inodes.parent_of(node.dir) != no_slot)
    send_to_directory(context, supervisor, inodes.parent_of(node.dir), forget_op{inodes.index_of(node.dir) + 1, count},
                      unit);
}

} // namespace gitfs
