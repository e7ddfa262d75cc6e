// Between those who want objects and the fetcher, and between the fetcher and its upstream.
#pragma once

#include "actors/model/directory_location.hpp"
#include "actors/model/want.hpp"
#include "actors/runtime/message.hpp"
#include "backend/remote/upstream.hpp"

#include <caf/actor_control_block.hpp>

#include <cstdint>

namespace gitfs {

// --- directory, prefetcher ↔ fetcher ---------------------------------------------------------------------------------

struct ask_want {
  caf::weak_actor_ptr from; ///< weak: what nobody owns any more needs no answer
  caf::actor_id from_id = 0;
  want what;
  directory_location_ptr location; ///< of the directory that wants; none: the prefetcher
  trace::sent_by stamp = trace::sent_by::now();
};
struct promote_want {
  caf::actor_id from_id = 0;
  want_id id = 0;
  urgency how = urgency::demand;
  trace::sent_by stamp = trace::sent_by::now();
};
struct cancel_want {
  caf::actor_id from_id = 0;
  want_id id = 0;
  trace::sent_by stamp = trace::sent_by::now();
};
struct want_finished {
  want_id id = 0;
  want_result outcome;
  trace::sent_by stamp = trace::sent_by::now();
};

// --- prefetcher, directory → fetcher ---------------------------------------------------------------------------------

/// Prefetcher → fetcher, around the wants of one window: what somebody waits for is probably among them.
struct window_begins {
  trace::sent_by stamp = trace::sent_by::now();
};
struct window_ends {
  trace::sent_by stamp = trace::sent_by::now();
};
/// A file that was looked up by its path, and not listed, is being read.
struct look_was_read {
  trace::sent_by stamp = trace::sent_by::now();
};

// --- fetcher → itself ------------------------------------------------------------------------------------------------

/// Fetcher → itself, a moment after it asked for all trees.
struct trees_delayed {
  trace::sent_by stamp = trace::sent_by::now();
};
/// Fetcher → itself: everything that had come was entered.
struct start_transfers {
  trace::sent_by stamp = trace::sent_by::now();
};

// --- upstream's edge thread → fetcher --------------------------------------------------------------------------------

/// The transfer of all trees turns out to be long.
struct transfer_grew {
  trace::sent_by stamp = trace::sent_by::now();
};
struct transfer_finished {
  std::uint64_t transfer = 0;
  transfer_outcome outcome;
  trace::sent_by stamp = trace::sent_by::now();
};

} // namespace gitfs
