// Tells an object that is lost from one that has just come.
#pragma once

#include "config/error.hpp"

#include <cerrno>

namespace gitfs {

/// `out` is the outcome of a read, and objects may arrive at any time. True: `contains` says that the object is here,
/// and yet each `read` after that finds nothing, so an index is damaged. An object that has arrived between a read and
/// the question is read then, which changes `out`. An object that arrives later is only a miss of this reader.
template <class Value, class Contains, class Read>
bool is_lost(result<Value>& out, const Contains& contains, const Read& read) {
  constexpr int looks = 3; // the object may be evicted between two calls, and fetched again
  for (int look = 0; look < looks; ++look) {
    if (out || out.error().code != ENOENT || !contains())
      return false;
    out = read();
  }
  return !out && out.error().code == ENOENT;
}

} // namespace gitfs
