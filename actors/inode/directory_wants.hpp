// What a directory wants of others: for requests that wait, and ahead of them.
#pragma once

#include "actors/inode/directory_inode.hpp"

#include <string_view>

namespace gitfs {

/// What there is to know of each kind of missing thing.
struct missing_row {
  missing::kind kind;
  std::string_view name; ///< for people
  /// An object that the cache may have evicted between its arrival and the next attempt. It is fetched again.
  bool evictable;
  /// It belongs to a file, and so does not depend on what the directory shows.
  bool of_file;
  /// Asks for it.
  void (*ask)(directory_inode& of, want_id id, const missing& what, urgency how);
};
const missing_row& row_of(missing::kind kind);

/// The want for that thing, which is asked for if it is not on its way yet, and promoted if it is less urgent. Valid
/// until the next call that changes the parking.
directory_parking::wanted& want_for(directory_inode& of, const missing& what, urgency how);
/// After the want has left the parking.
void cancel(directory_inode& of, const directory_parking::wanted& what);

/// How urgent the thing is for that request.
urgency urgency_of(const kernel_op& op, const missing& what);
/// The sizes that are wanted for a file that was looked up.
missing sizes_for(const directory_inode& of, const dentry& looked_up);

/// What whoever lists the directory is going to need. Only after the listing was answered: a prefetch must not delay or
/// change the request that armed it.
void want_ahead(directory_inode& of);

} // namespace gitfs
