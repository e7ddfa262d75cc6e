// Every operation that the kernel can ask for, in one table: what traces and counters call it, and how a trace keeps
// it.
#pragma once

#include "actors/model/counters.hpp"
#include "actors/model/kernel_op.hpp"
#include "actors/trace/record/records.hpp"

#include <span>
#include <string_view>

namespace gitfs {

namespace trace {
struct asked;
}

struct kernel_operation_row {
  trace::request_kind number; ///< in trace files
  std::string_view name;      ///< in what is shown of traces
  counter counts;
  /// Writes what a record has of the operation. Another operation than this row's is undefined.
  void (*put)(const kernel_operation& from, trace::asked& to);
  /// The operation of such a record again.
  kernel_operation (*parse)(const trace::asked& from);
};

/// By number.
std::span<const kernel_operation_row> kernel_operations();

/// Null for one of a later version.
const kernel_operation_row* row_of(trace::request_kind number);

const kernel_operation_row& row_of(const kernel_operation& what);

} // namespace gitfs
