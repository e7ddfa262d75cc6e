// Messages by which files are fetched that a command names by their paths.
#pragma once

#include "actors/model/want.hpp"
#include "actors/mount/mounted_ref.hpp"
#include "actors/runtime/message.hpp"

#include <caf/actor_control_block.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace gitfs {

/// Bridge → supervisor: `found` is called once, on the supervisor's thread, with the location of the directory whose
/// inode number is `inode`; with null if the kernel holds no reference to such a directory.
struct find_directory {
  std::uint64_t inode = 0;
  std::function<void(directory_location_ptr)> found;
  trace::sent_by stamp = trace::sent_by::now();
};

/// path_finder → fetcher: a want of objects, as a program has named them. The one who resolves paths is not in a trace:
/// so this says the objects themselves. At most trace::most_ids.
struct fetch_objects {
  std::uint64_t number = 0; ///< which no other such want of this process has
  want_kind kind = want_kind::blobs;
  oid commit;
  std::vector<oid> ids;
  caf::weak_actor_ptr from{}; ///< gets a want_finished with `number`; null in a replay
  trace::sent_by stamp = trace::sent_by::now();
};
struct cancel_objects {
  std::uint64_t number = 0;
  trace::sent_by stamp = trace::sent_by::now();
};

/// The actor id in the key of such a want: CAF gives it to no actor.
inline constexpr std::uint64_t named_by_program = 0;

} // namespace gitfs
