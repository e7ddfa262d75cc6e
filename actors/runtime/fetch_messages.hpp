// Messages between directories or prefetchers and the fetcher, and between the fetcher and its upstream.
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
  caf::weak_actor_ptr from; ///< weak: an actor that nobody owns any more needs no answer
  caf::actor_id from_id = 0;
  want what;
  directory_location_ptr location; ///< where the wanting directory is; null: the prefetcher wants
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

/// Prefetcher → fetcher, before and after the wants of one window. In between the fetcher holds sizes back, because the
/// window probably holds the sizes that requests wait for.
struct window_begins {
  trace::sent_by stamp = trace::sent_by::now();
};
struct window_ends {
  trace::sent_by stamp = trace::sent_by::now();
};
/// Directory → fetcher: a file is being read that was looked up by its path in a directory that nobody has listed.
struct probe_was_read {
  trace::sent_by stamp = trace::sent_by::now();
};

// --- fetcher → itself ------------------------------------------------------------------------------------------------

/// Fetcher → itself, a moment after it asked for all trees: requests for paths wait for them no longer.
struct trees_delayed {
  trace::sent_by stamp = trace::sent_by::now();
};
/// Fetcher → itself, behind all wants that were in its mailbox: it is time to start transfers.
struct start_transfers {
  trace::sent_by stamp = trace::sent_by::now();
};

// --- upstream's edge thread → fetcher --------------------------------------------------------------------------------

/// The pack of all trees has begun to come, and holds few.
struct trees_are_few {
  trace::sent_by stamp = trace::sent_by::now();
};
/// The transfer of all trees has turned out to be long.
struct transfer_grew {
  trace::sent_by stamp = trace::sent_by::now();
};
struct transfer_finished {
  std::uint64_t transfer = 0;
  transfer_outcome outcome;
  trace::sent_by stamp = trace::sent_by::now();
};

} // namespace gitfs
