// In which unit a counter of `gitfs-actor stats` is.
#pragma once

#include <cstdint>
#include <string_view>

namespace gitfs {

enum class counter_unit : std::uint8_t { one, bytes, nanoseconds };

/// The name of a counter tells its unit, so that stores and sources of other rooms need no table for theirs: what ends
/// with "bytes" is in bytes, and what ends with "_ns" in nanoseconds. Everything in memory and on disk is in bytes.
inline constexpr counter_unit unit_of(std::string_view counter) {
  if (counter.ends_with("bytes") || counter.starts_with("memory.") || counter.starts_with("disk."))
    return counter_unit::bytes;
  return counter.ends_with("_ns") ? counter_unit::nanoseconds : counter_unit::one;
}

} // namespace gitfs
