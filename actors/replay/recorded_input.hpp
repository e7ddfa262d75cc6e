// Makes messages that came to the actors from outside again, from their records.
#pragma once

#include "actors/model/kernel_op.hpp"
#include "actors/replay/recording.hpp"

#include <caf/mailbox_element.hpp>

#include <cstdint>
#include <string_view>

namespace gitfs {

/// The operation that a kernel_request asked for. `request` must be of a recording, because a recording is refused if
/// it has operations that this version does not know.
kernel_operation operation_of(const trace::record& request);

/// How many bytes a directory entry takes in a reply. By <linux/fuse.h> a fuse_dirent is 24 bytes and the name, and the
/// fuse_entry_out before it is 128 bytes.
std::uint64_t dirent_bytes(std::string_view name, bool plus);

/// True if messages of this kind can be made from their records: those that come from outside.
bool can_be_made(trace::kind what);

/// The message that an actor took by record `r`. Null if actors send such messages to each other.
caf::mailbox_element_ptr recorded_input(const recording& from, const trace::record& r);

} // namespace gitfs
