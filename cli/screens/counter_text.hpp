// The counters of a mount as text.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace gitfs {

/// For people: a line for each counter, with its name, padded, and its value. Bytes and durations have a unit, and are
/// rounded to what can be read.
std::string counter_lines(const std::map<std::string, std::uint64_t>& counters);

/// For programs: one JSON object with a member for each counter, indented, that ends with a newline. Values are whole
/// numbers, of bytes and nanoseconds where the name says so.
std::string counter_json(const std::map<std::string, std::uint64_t>& counters);

} // namespace gitfs
