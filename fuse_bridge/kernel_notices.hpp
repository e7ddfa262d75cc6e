// Writes notices to the kernel: kernel_notifier over the connection to the kernel.
#pragma once

#include "actors/model/kernel_notifier.hpp"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

namespace gitfs {

/// An actor with a thread of its own writes the notices, because for a notice the kernel may take a lock that is held
/// by a request which this process has yet to answer.
///
/// To make the kernel forget names and inodes that no program uses, and nothing else:
/// * FUSE_NOTIFY_PRUNE (Linux 6.18): exactly the given nodes.
/// * On older kernels, if this process is root: the mount is reconfigured without a change, which frees its unused
/// names. FUSE_NOTIFY_INVAL_ENTRY is not used, because it also takes the name from programs that use it (getcwd fails
/// with ENOENT, an open file is shown as deleted) and detaches what is mounted below, in every mount namespace. Nor is
/// FUSE_EXPIRE_ONLY, with which the name is looked up anew and nothing is forgotten.
///
/// A look-up whose reply reaches the kernel after such a notice does no harm: it counts a new reference, and the name
/// stands for the same node.
///
/// To make the kernel ask anew for what has changed: FUSE_NOTIFY_INVAL_ENTRY for names that stand for something else
/// now, or for nothing. For a program that uses the old node it is as if another one had been renamed over it.
/// (FUSE_NOTIFY_DELETE does the same and then makes a directory dead, so that programs in it cannot list it any more;
/// therefore it is not used.) The name of a child directory that stays the same inode is not invalidated.
/// FUSE_NOTIFY_INVAL_INODE for attributes and the listing. The comment in directory_move.cpp says why replies that are
/// on their way do no harm.
class kernel_notices final : public kernel_notifier {
public:
  /// `connection`: the descriptor of /dev/fuse, which outlives the actor. `mountpoint`: for older kernels.
  kernel_notices(caf::actor_system& system, int connection, std::filesystem::path mountpoint);
  /// Ends the actor behind the notice that is being written; later notices are dropped. Returns at once. As long as
  /// `ended` is false, requests must be answered, because that notice may wait for one.
  void end();
  bool ended() const { return life_->ended; }

  void forget(std::vector<std::uint64_t> nodeids) override;
  void changed(directory_change what) override;

  /// The flags that the actor and this object share.
  struct life {
    std::atomic<bool> ending{false}, ended{false};
  };

private:
  const std::shared_ptr<life> life_ = std::make_shared<life>();
  caf::actor writer_;
};

} // namespace gitfs
