// Every kind of record with its name and its fields, in one table, and what the numbers in fields are called: for those
// who read traces.
#pragma once

#include "actors/trace/record/records.hpp"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace gitfs::trace {

/// By number.
std::span<const record_row> record_table();

/// Null for a kind of a later version.
const record_row* row_of(kind k);

/// A number that has a name in fields of some type.
struct value_row {
  std::uint64_t number = 0;
  std::string_view name;
};
/// By number; empty for types whose numbers are just numbers.
std::span<const value_row> values_of(field_type type);

/// What the number stands for in a field of this type; empty: itself.
std::string_view name_of(field_type type, std::uint64_t value);

} // namespace gitfs::trace
