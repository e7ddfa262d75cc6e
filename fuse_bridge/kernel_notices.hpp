// kernel_notifier over the connection to the kernel.
#pragma once

#include "actors/kernel_notifier.hpp"

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <thread>
#include <vector>

namespace gitfs {

/// Writes notifications on a thread of its own: the kernel may take locks for them that a request holds which this
/// process has yet to answer.
///
/// What makes the kernel let go of a name and an inode that nobody uses, and of nothing else:
/// * FUSE_NOTIFY_PRUNE (Linux 6.18): exactly the given nodes.
/// * On older kernels, where this process may (root): reconfiguring the mount without changing anything, which frees all
///   unused names of it.
/// Not FUSE_NOTIFY_INVAL_ENTRY: it also takes the name from who uses it (getcwd fails with ENOENT, an open file is shown
/// as deleted) and detaches what is mounted below, in every mount namespace. Not the same with FUSE_EXPIRE_ONLY: the name
/// is looked up anew, and nothing is forgotten.
///
/// A lookup that was answered before and arrives after is no harm: it counts a new reference, and a snapshot never
/// changes.
class kernel_notices final : public kernel_notifier {
public:
  /// `connection`: the descriptor of /dev/fuse, which outlives this. `mountpoint`: for older kernels.
  kernel_notices(int connection, std::filesystem::path mountpoint);
  /// Waits for a notification that is being written.
  ~kernel_notices() override;
  kernel_notices(const kernel_notices&) = delete;
  kernel_notices& operator=(const kernel_notices&) = delete;

  void forget(std::vector<std::uint64_t> nodeids) override;

private:
  enum class method : std::uint8_t { prune, reconfigure, none };

  void work();
  void tell(const std::vector<std::uint64_t>& nodeids);

  const int connection_;
  const std::filesystem::path mountpoint_;
  method method_ = method::prune; // of the thread alone
  std::mutex lock_;
  std::condition_variable changed_;
  std::vector<std::uint64_t> waiting_;
  bool ending_ = false;
  std::thread thread_;
};

} // namespace gitfs
