// Every question that a running mount answers, in one table for the control socket and for the ioctl that stands in for
// the socket.
#pragma once

#include "actors/model/mount_nodes.hpp"
#include "fuse_bridge/bridge.hpp"
#include "fuse_bridge/control_channel.hpp"
#include "fuse_bridge/control_protocol.hpp"

#include <memory>
#include <span>
#include <string_view>
#include <sys/types.h>

namespace gitfs {

/// Who may ask a question, by the user id that the kernel vouches for.
enum class asker {
  anybody,
  owner, ///< the owner of the mount and root, because the answer tells what others have looked at, or something is done
};

struct control_command {
  std::string_view name;
  std::string_view takes; ///< the names of its arguments, separated by a space
  std::string_view gives; ///< what the text of the answer is, for docs/control-protocol.md
  asker who;
  /// True: the question may be asked through the mount as well as at the socket, see control::gate_command.
  bool in_mount;
  /// Answers now, or hands the channel to an actor that does. Any thread.
  void (*handle)(const bridge& of, const control::question& what, std::unique_ptr<control_channel> to);
};

std::span<const control_command> control_commands();

/// A new number for refresh_refs. Any thread.
refresh_number next_refresh();

/// Answers the question, or says why it is not answered. `of` outlives the answer. `from`: the user who asks.
/// `in_mount`: the question came by an ioctl on a folder of the mount.
void handle_question(const bridge& of, const control::question& what, uid_t from, bool in_mount,
                     std::unique_ptr<control_channel> to);

} // namespace gitfs
