// Every operation that the kernel can ask for, in one table: its number and name in traces, its counter, and how a
// trace stores it.
#pragma once

#include "actors/model/counters.hpp"
#include "actors/model/kernel_op.hpp"
#include "actors/trace/record/records.hpp"

#include <span>
#include <string_view>

namespace gitfs {

namespace trace {
struct request_record;
}

struct kernel_operation_row {
  trace::request_kind number; ///< its number in trace files
  std::string_view name;      ///< its name where traces are shown
  counter counts;
  /// Writes the arguments of the operation into a record. Undefined for an operation of another row.
  void (*put)(const kernel_operation& from, trace::request_record& to);
  /// Makes the operation again from its record.
  kernel_operation (*parse)(const trace::request_record& from);
};

/// The rows in the order of their numbers.
std::span<const kernel_operation_row> kernel_operations();

/// Null if this version does not know the number, because a later version wrote the trace.
const kernel_operation_row* row_of(trace::request_kind number);

const kernel_operation_row& row_of(const kernel_operation& what);

} // namespace gitfs
