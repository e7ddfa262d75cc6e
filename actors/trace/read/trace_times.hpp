// How often each kind of record is in a trace, and how long messages waited and took.
#pragma once

#include "actors/trace/read/trace_reader.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace gitfs::trace {

inline constexpr std::array<std::size_t, 3> shown_percentiles{50, 90, 99};

/// Nanoseconds, sorted. Both are empty for edges.
struct kind_times {
  std::size_t count = 0;
  std::vector<std::uint64_t> took, waited;
};

std::map<kind, kind_times> times_by_kind(const contents& in);

/// Of sorted values, which are not none.
std::uint64_t percentile(const std::vector<std::uint64_t>& sorted, std::size_t percent);

} // namespace gitfs::trace
