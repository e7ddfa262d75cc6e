// Messages to the prefetcher, which tell it where readers are.
#pragma once

#include "actors/model/directory_location.hpp"
#include "actors/model/reply.hpp"
#include "actors/runtime/message.hpp"
#include "backend/git/oid.hpp"

#include <cstddef>
#include <string>
#include <sys/types.h>

namespace gitfs {

// --- directory → prefetcher ------------------------------------------------------------------------------------------

/// A directory was listed from its start.
struct directory_listed {
  directory_location_ptr link;
  trace::sent_by stamp = trace::sent_by::now();
};
/// A file is being read from its start.
struct file_read {
  directory_location_ptr link;
  child_index index = 0; ///< position of the file in the sorted listing
  std::string name;
  oid id;
  bool missed = false; ///< true in a second message about the same read: the file's contents are not here
  pid_t caller = 0;    ///< of the process or thread that reads; not in traces, since only what is recorded has it
  trace::sent_by stamp = trace::sent_by::now();
};
/// A request waits for the sizes of its entries.
struct directory_statted {
  directory_location_ptr link;
  trace::sent_by stamp = trace::sent_by::now();
};
/// A look-up of one file by its name waits for the file's size.
struct file_looked_up {
  directory_location_ptr link;
  oid id;
  trace::sent_by stamp = trace::sent_by::now();
};
/// The kernel holds no reference to this directory, nor to anything below it.
struct directory_forgotten {
  directory_location_ptr link;
  trace::sent_by stamp = trace::sent_by::now();
};
/// `root` is the location of the root directory in the snapshot to which the mounted ref moves.
struct snapshot_left {
  directory_location_ptr root;
  trace::sent_by stamp = trace::sent_by::now();
};

// --- who reads profiles from files → prefetcher ----------------------------------------------------------------------

/// Want ahead what these lines of a profile name (parse_profile_line), with paths from the root of the snapshot. Lines
/// of at most trace::longest_text; `more`: the rest follows in further messages.
struct use_profile {
  oid commit;
  oid root; ///< the root tree of the snapshot
  std::string lines;
  bool more = false;
  trace::sent_by stamp = trace::sent_by::now();
};

// --- bridge → prefetcher ---------------------------------------------------------------------------------------------

/// What has been read below a folder of the snapshot ("": all of it) in the run that goes on or was the last: the lines
/// of a profile from this rank on, with the lines before those of paths if `rank` is 0. ENODATA: nothing is recorded.
struct tell_profile {
  reply answer;
  std::string folder;
  std::size_t rank = 0;
  std::size_t room = 0; ///< bytes that the answer may have
  trace::sent_by stamp = trace::sent_by::now();
};

// --- prefetcher → itself ---------------------------------------------------------------------------------------------

/// Prefetcher → itself: put together the windows that were put off.
struct windows_due {
  trace::sent_by stamp = trace::sent_by::now();
};

/// Prefetcher → itself: it may be that nobody has read for so long that the run has ended. It changes only what is
/// recorded for profiles, so a replay leaves it out.
struct run_due {
  trace::sent_by stamp = trace::sent_by::now();
};

} // namespace gitfs
