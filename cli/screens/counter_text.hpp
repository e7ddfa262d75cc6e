// Named numbers as text.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace gitfs {

/// A line each: the name, padded, and the value.
std::string counter_lines(const std::map<std::string, std::uint64_t>& counters);

/// One JSON object, a member each, indented; ends with a newline.
std::string counter_json(const std::map<std::string, std::uint64_t>& counters);

} // namespace gitfs
