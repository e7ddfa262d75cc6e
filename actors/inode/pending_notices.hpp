// What others have not been told yet of a change of a directory.
#pragma once

#include "actors/inode/dentry_table.hpp"
#include "actors/model/directory_location.hpp"
#include "actors/model/kernel_notifier.hpp"

#include <cstdint>
#include <vector>

namespace gitfs {

class directory_port;

/// Collects what the kernel must not answer from its caches any more, and the child directories that have another
/// location. It is empty except while a directory changes, or after a call that threw. Not thread-safe: a directory
/// actor owns it.
class pending_notices {
public:
  /// The kernel was told that a name does not exist, so it may have negative dentries of this directory.
  void absence_was_answered() { negative_dentries_ = true; }
  bool negative_dentries() const { return negative_dentries_; }

  /// The listing and the attributes of the directory have changed.
  void directory_changed(std::uint64_t nodeid) { change_.nodeid = nodeid; }
  /// What of a change of its entries the kernel may have in its caches.
  void entries_changed(const table_changes& changes, const dentry_table& entries);
  /// All child directories, in place of those that were noted before.
  void locations_changed(std::vector<relinked> children) { relinks_ = std::move(children); }

  /// Says everything that has not been said. If the port throws, what it did not take is said by the next call.
  void send(directory_port& to, const move_token& token);

private:
  bool negative_dentries_ = false;
  directory_change change_; // nodeid 0: there is none
  std::vector<relinked> relinks_;
};

} // namespace gitfs
