// What the mount tells the kernel without being asked.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace gitfs {

/// A directory that shows something else than before: its listing, its attributes, and these.
struct directory_change {
  std::uint64_t nodeid = 0;
  std::vector<std::string> names;        ///< entries that stand for something else now, or for nothing any more
  std::vector<std::uint64_t> attributes; ///< nodes of child directories that stay themselves with other attributes
  std::shared_ptr<void> move{};          ///< move_token (directory_location.hpp)
};

/// The bridge implements it. Never answered: what the kernel forgets comes back as FORGET, some time later or not at
/// all.
class kernel_notifier {
public:
  virtual ~kernel_notifier() = default;

  /// Asks the kernel to let go of what it has cached of these nodes, where nobody uses them. In this order: a directory
  /// behind what is in it. Returns at once; any thread.
  virtual void forget(std::vector<std::uint64_t> nodeids) = 0;

  /// The kernel must not answer from its caches what is no longer so. Called when whoever asks already gets the new
  /// answer. Returns at once; any thread.
  virtual void changed(directory_change what) = 0;
};

} // namespace gitfs
