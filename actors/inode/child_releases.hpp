// The numbered releases of a directory by its parent, and of its children by the directory.
#pragma once

#include "actors/model/node_id.hpp"

#include <unordered_map>

namespace gitfs {

/// A parent releases a child when the kernel has given back its last reference to it. The child answers when it is
/// idle, and may have been looked up and released again by then; so only an answer to the latest release counts. Not
/// thread-safe: a directory actor owns it.
class child_releases {
public:
  /// The number of the next release of that child.
  release_number next(dir_slot child) { return latest_[child] = ++last_; }
  /// True if the child was released under that number, not again since, and is not reaped.
  bool is_latest(dir_slot child, release_number number) const {
    const auto known = latest_.find(child);
    return known != latest_.end() && known->second == number;
  }
  void reaped(dir_slot child) { latest_.erase(child); }

  /// The parent has released this directory.
  void release_self(release_number number) { self_ = number; }
  /// The release that the parent waits for; 0: none, so the kernel may refer to this directory.
  release_number self() const { return self_; }
  void answered() { self_ = 0; }

private:
  release_number self_ = 0;
  release_number last_ = 0;
  std::unordered_map<dir_slot, release_number> latest_; // of each child that is not reaped yet
};

} // namespace gitfs
