// What came to the actors from elsewhere, made from its record again.
#pragma once

#include "actors/model/kernel_op.hpp"
#include "actors/replay/recording.hpp"

#include <caf/mailbox_element.hpp>

#include <cstdint>
#include <string_view>

namespace gitfs {

/// What a kernel_request asked. `request` is of a recording, which has no operation that this version does not know.
kernel_operation operation_of(const trace::record& request);

/// How many bytes a directory entry takes in an answer: as <linux/fuse.h> has it, fuse_dirent is 24 bytes and the name,
/// and fuse_entry_out before it 128.
std::uint64_t dirent_bytes(std::string_view name, bool plus);

/// True of messages of which a record is made to what an actor takes again: those that come from elsewhere.
bool can_be_made(trace::kind what);

/// The message that record `r` says was taken. None if it is one that actors send to each other.
caf::mailbox_element_ptr recorded_input(const recording& from, const trace::record& r);

} // namespace gitfs
