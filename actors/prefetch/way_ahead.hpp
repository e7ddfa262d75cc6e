// What all ways of looking ahead of readers have in common.
#pragma once

#include "actors/model/activity.hpp"
#include "actors/model/directory_location.hpp"
#include "actors/model/want.hpp"

#include <vector>

namespace gitfs {

/// Wants what readers of one kind will need next. Not thread-safe.
class way_ahead {
public:
  virtual ~way_ahead() = default;

  /// Nobody is in or below this directory any more: what was asked for readers there alone is cancelled.
  virtual void forgotten(const directory_location& directory) = 0;
  /// The same of all.
  virtual void clear() = 0;
  virtual void finished(want_id id, const want_result& outcome) = 0;
  /// Readers that something is wanted for: where they are, how large the window is, and what is on its way. `way` stays
  /// empty.
  virtual std::vector<activity::walker> walkers() const { return {}; }

  /// Moves want ids apart when several share one port.
  void number_wants_from(want_id first) { next_want_ = first; }

protected:
  want_id next_want_ = 1;
};

} // namespace gitfs
