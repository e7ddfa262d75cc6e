// kernel_notifier over the connection to the kernel.
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

/// An actor with a thread of its own writes them: the kernel may take locks for a notification that a request holds
/// which this process has yet to answer.
///
/// What makes the kernel let go of a name and an inode that nobody uses, and of nothing else:
/// * FUSE_NOTIFY_PRUNE (Linux 6.18): exactly the given nodes.
/// * On older kernels, where this process may (root): reconfiguring the mount without changing anything, which frees
/// all
///   unused names of it.
/// Not FUSE_NOTIFY_INVAL_ENTRY: it also takes the name from who uses it (getcwd fails with ENOENT, an open file is
/// shown as deleted) and detaches what is mounted below, in every mount namespace. Not the same with FUSE_EXPIRE_ONLY:
/// the name is looked up anew, and nothing is forgotten.
///
/// A lookup that was answered before and arrives after is no harm: it counts a new reference, and the name stands for
/// the same.
///
/// What makes the kernel ask anew for what has changed: FUSE_NOTIFY_INVAL_ENTRY for names that stand for something else
/// or for nothing now. To who uses the old thing it is as if another had been renamed over it. (Not FUSE_NOTIFY_DELETE:
/// it does the same, and then makes a directory dead, so that who is in it can list it no more.) A child directory that
/// stays itself keeps its name in the cache. FUSE_NOTIFY_INVAL_INODE for attributes and the listing. Why answers that
/// are on their way are no harm: directory_move.cpp.
class kernel_notices final : public kernel_notifier {
public:
  /// `connection`: the descriptor of /dev/fuse, which outlives the actor. `mountpoint`: for older kernels.
  kernel_notices(caf::actor_system& system, int connection, std::filesystem::path mountpoint);
  /// Ends the actor, behind a notification that is being written: the rest is not. Returns at once. As long as `ended`
  /// is false, requests must be answered, which that notification may wait for.
  void end();
  bool ended() const { return life_->ended; }

  void forget(std::vector<std::uint64_t> nodeids) override;
  void changed(directory_change what) override;

  /// What both sides know of its end.
  struct life {
    std::atomic<bool> ending{false}, ended{false};
  };

private:
  const std::shared_ptr<life> life_ = std::make_shared<life>();
  caf::actor writer_;
};

} // namespace gitfs
