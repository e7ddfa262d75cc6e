// Messages to the prefetcher, which tell it where readers are.
#pragma once

#include "actors/model/directory_location.hpp"
#include "actors/runtime/message.hpp"
#include "backend/git/oid.hpp"

#include <string>

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

// --- prefetcher → itself ---------------------------------------------------------------------------------------------

/// Prefetcher → itself: put together the windows that were put off.
struct windows_due {
  trace::sent_by stamp = trace::sent_by::now();
};

} // namespace gitfs
