// Every message between actors, in one table: its record in traces, and what a replay does about it.
#pragma once

#include "actors/trace/record/recorder.hpp"
#include "actors/trace/record/records.hpp"
#include "actors/trace/record/stamp.hpp"

#include <caf/message.hpp>
#include <caf/type_erased_tuple.hpp>

#include <cstdint>
#include <span>
#include <string_view>
#include <typeinfo>

namespace gitfs::trace {

/// How a message comes to the actor that takes it.
enum class arrival : std::uint8_t {
  sent,         ///< another actor has sent it: a replay waits until its own actors do
  delayed,      ///< the same, by a timer of the actor itself
  from_kernel,  ///< sent by the bridge or handed on by the supervisor: a replay makes it if no actor has sent it
  from_outside, ///< of a transfer, a worker thread, a command: a replay makes it of its record
  question,     ///< another program asks, and nothing changes: a replay leaves it out
};

struct message_row {
  const std::type_info* type = nullptr; ///< null: of no message of ours
  record_row record{kind::other_message, "other"};
  arrival comes = arrival::from_outside;
  /// Also sent while an actor, or what it has handed out, is destroyed: on behalf of whatever the last thread that held
  /// it does, so its recorded cause is not certain.
  bool loose_cause = false;
  sent_by (*stamp)(const void* message) = nullptr;
  field_writer fields = nullptr; ///< those of `record`
  /// The message whose fields these are; null: they do not say all of it.
  caf::message (*parse)(std::string_view fields, const sent_by& stamp) = nullptr;

  kind number() const { return record.number; }
};

/// What is sent most stands first. The last is of all that are not ours (CAF's own).
std::span<const message_row> message_table();

/// The row of what stands first in a message.
const message_row& row_of(const caf::type_erased_tuple& content);

/// Null for a kind of a later version, and for what is no message.
const message_row* message_row_of(kind number);

} // namespace gitfs::trace
