// The ways in which readers go through the tree, and the numbers of the wants that are made ahead of each.
#pragma once

#include "actors/model/want.hpp"

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

namespace gitfs {

enum class reader_way : std::uint8_t {
  depth,    ///< depth first
  breadth,  ///< breadth first
  stats,    ///< as `depth`, waiting for sizes
  contents, ///< reads file by file
  busy,     ///< reads in one directory, in no order: as `set`, in traces of versions before it
  names,    ///< reads files of one name, wherever they are
  set,      ///< reads all of a directory, in no order
  profile,  ///< reads what a profile says
  lookups,  ///< looks files up by name and does not read them
  count,
};

/// The prefetcher numbers its wants in a range for each way, so that the number of a want tells the way.
inline constexpr unsigned reader_way_shift = 60;

constexpr want_id first_want_of(reader_way way) {
  return (static_cast<want_id>(way) << reader_way_shift) + 1;
}

constexpr reader_way reader_way_of(want_id id) {
  return static_cast<reader_way>(id >> reader_way_shift);
}

inline constexpr auto reader_ways = static_cast<std::size_t>(reader_way::count);

/// The name in activity::walker; empty for a way that another version of this program has numbered.
constexpr std::string_view name_of(reader_way way) {
  constexpr std::string_view names[] = {"depth", "breadth", "stats",   "contents", "busy",
                                        "names", "set",     "profile", "lookups"};
  static_assert(std::size(names) == reader_ways);
  const auto which = static_cast<std::size_t>(way);
  return which < std::size(names) ? names[which] : std::string_view{};
}

} // namespace gitfs
