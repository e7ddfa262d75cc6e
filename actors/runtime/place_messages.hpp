// Messages between the catalog and directories above the repositories.
#pragma once

#include "actors/model/directory_location.hpp"
#include "actors/model/places.hpp"
#include "actors/model/want.hpp"
#include "actors/runtime/message.hpp"

#include <caf/actor_control_block.hpp>

#include <cstdint>
#include <string>

namespace gitfs {

/// A directory asks the catalog what is at its place. `name`: the directory needs only this name in it; empty: it needs
/// all names. Answered by `place_told`, unless cancelled. `slot` and `generation` are the directory's own.
struct ask_place {
  caf::weak_actor_ptr from;
  caf::actor_id from_id = 0;
  want_id id = 0;
  directory_location_ptr place;
  std::string name;
  dir_slot slot = no_slot;
  std::uint32_t generation = 0;
  trace::sent_by stamp = trace::sent_by::now();
};
struct cancel_place {
  caf::actor_id from_id = 0;
  want_id id = 0;
  trace::sent_by stamp = trace::sent_by::now();
};
struct place_told {
  want_id id = 0;
  place_answer what;
  trace::sent_by stamp = trace::sent_by::now();
};

} // namespace gitfs
