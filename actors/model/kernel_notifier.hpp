// Notices: what the mount tells the kernel although the kernel has not asked.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace gitfs {

/// What has changed in a directory that shows something else than before. Its own listing and attributes have changed
/// in any case; these are the rest.
struct directory_change {
  std::uint64_t nodeid = 0;
  std::vector<std::string> names;        ///< names that stand for something else now, or for nothing
  std::vector<std::uint64_t> attributes; ///< node ids of child directories that stay the same inode with new attributes
  std::shared_ptr<void> move{};          ///< move_token (directory_location.hpp)
};

/// The bridge implements this interface. Notices have no answer: if the kernel forgets something because of a notice,
/// it sends a FORGET some time later.
class kernel_notifier {
public:
  virtual ~kernel_notifier() = default;

  /// Asks the kernel to drop what it has cached of these nodes, unless a program uses them. The kernel is asked in the
  /// given order, so a directory must come behind what is in it. Returns at once; any thread.
  virtual void forget(std::vector<std::uint64_t> nodeids) = 0;

  /// Makes the kernel drop cached answers that are no longer true. Must be called only after the directory answers from
  /// its new listing, so that whoever asks because of the notice gets the new answer. Returns at once; any thread.
  virtual void changed(directory_change what) = 0;
};

} // namespace gitfs
