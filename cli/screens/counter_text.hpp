// The counters of a mount as text.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace gitfs {

/// For people: a line for each counter, with its name and its value in two columns. Bytes and durations are rounded and
/// have a unit.
std::string counter_lines(const std::map<std::string, std::uint64_t>& counters);

/// For programs: one indented JSON object with a member for each counter, and a newline at its end. All values are
/// whole numbers; the name of a counter says whether they are bytes or nanoseconds.
std::string counter_json(const std::map<std::string, std::uint64_t>& counters);

} // namespace gitfs
