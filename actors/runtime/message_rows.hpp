// Every message between actors, in one table: how a trace records it, and what a replay does about it.
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

/// Where a message comes from, and so how a replay gets it.
enum class arrival : std::uint8_t {
  sent,         ///< from another actor: a replay waits until its own actors send it
  delayed,      ///< from a timer of the actor itself: a replay waits for it in the same way
  from_kernel,  ///< from the bridge, or handed on by the supervisor: a replay makes it if no actor has sent it
  from_outside, ///< from a transfer, a worker thread or a command: a replay makes it from its record
  question,     ///< from another program, and it changes nothing: a replay leaves it out
};

struct message_row {
  const std::type_info* type = nullptr; ///< the message's struct; null in the last row, for messages that are not ours
  record_row record{kind::other_message, "other"};
  arrival comes = arrival::from_outside;
  /// True if the message is also sent while an actor, or something that the actor has handed out, is destroyed. The
  /// cause is then whatever the last thread that held it was doing, so a replay does not rely on the recorded cause.
  bool loose_cause = false;
  sent_by (*stamp)(const void* message) = nullptr;
  field_writer fields = nullptr; ///< writes the fields that `record` names
  /// Makes the message from its recorded fields; null: the fields do not say everything of the message.
  caf::message (*parse)(std::string_view fields, const sent_by& stamp) = nullptr;

  kind number() const { return record.number; }
};

/// The most frequent messages stand first. The last row is for messages that are not ours, those of CAF itself.
std::span<const message_row> message_table();

/// The row of a message, by the type of its first element.
const message_row& row_of(const caf::type_erased_tuple& content);

/// Null for a kind of a later version, and for a kind that is no message.
const message_row* message_row_of(kind number);

} // namespace gitfs::trace
