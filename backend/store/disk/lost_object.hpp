// Tells an object that is lost from one that has just come.
#pragma once

#include "config/error.hpp"

#include <cerrno>

namespace gitfs {

/// For a read that was answered with `out`, while objects may come at any time. True: `contains` says that the object
/// is here, and yet each `read` after that finds nothing, so an index is damaged. What comes between a read and the
/// question is read then, and changes `out`; what comes after it is a miss of this reader, and no more than that.
template <class Value, class Contains, class Read>
bool is_lost(result<Value>& out, const Contains& contains, const Read& read) {
  constexpr int looks = 3; // it may have been evicted between the two, and fetched again
  for (int look = 0; look < looks; ++look) {
    if (out || out.error().code != ENOENT || !contains())
      return false;
    out = read();
  }
  return !out && out.error().code == ENOENT;
}

} // namespace gitfs
