// Counts the records of each kind in a trace, and collects how long messages waited and their handlers took.
#pragma once

#include "actors/trace/read/trace_reader.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace gitfs::trace {

inline constexpr std::array<std::size_t, 3> shown_percentiles{50, 90, 99};

/// `took` and `waited` are sorted, in nanoseconds, and empty for edges.
struct kind_times {
  std::size_t count = 0;
  std::vector<std::uint64_t> took, waited;
};

std::map<kind, kind_times> times_by_kind(const contents& in);

/// A percentile of sorted values, of which there must be one at least.
std::uint64_t percentile(const std::vector<std::uint64_t>& sorted, std::size_t percent);

} // namespace gitfs::trace
