// What the mount tells the kernel without being asked.
#pragma once

#include <cstdint>
#include <vector>

namespace gitfs {

/// The bridge implements it. Never answered: what the kernel forgets comes back as FORGET, some time later or not at
/// all.
class kernel_notifier {
public:
  virtual ~kernel_notifier() = default;

  /// Asks the kernel to let go of what it has cached of these nodes, where nobody uses them. In this order: a directory
  /// behind what is in it. Returns at once; any thread.
  virtual void forget(std::vector<std::uint64_t> nodeids) = 0;
};

} // namespace gitfs
