// The messages of messages.hpp as records.
#pragma once

#include "actors/trace/recorder.hpp"
#include "actors/trace/records.hpp"
#include "actors/trace/stamp.hpp"

#include <caf/type_erased_tuple.hpp>

#include <typeinfo>

namespace gitfs::trace {

struct message_row {
  const std::type_info* type = nullptr;
  kind number = kind::other_message;
  sent_by (*stamp)(const void* message) = nullptr;
  field_writer fields = nullptr; ///< those of record_table
};

/// The row of what stands first in a message; that of other_message if it is not ours (CAF's own).
const message_row& row_of(const caf::type_erased_tuple& content);

} // namespace gitfs::trace
