// Every kind of record with its name and its fields, in one table, and the names of the numbers in fields. Programs
// that read traces use it.
#pragma once

#include "actors/trace/record/records.hpp"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace gitfs::trace {

/// In the order of the numbers of kinds.
std::span<const record_row> record_table();

/// Null for a kind of a later version.
const record_row* row_of(kind k);

/// A number, and its name in fields of some type.
struct value_row {
  std::uint64_t number = 0;
  std::string_view name;
};
/// In the order of the numbers; empty for a type whose numbers have no names.
std::span<const value_row> values_of(field_type type);

/// The name of the number in a field of this type; empty if it has none.
std::string_view name_of(field_type type, std::uint64_t value);

} // namespace gitfs::trace
