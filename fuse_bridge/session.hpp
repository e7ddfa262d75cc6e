// One FUSE mount and its worker threads.
#pragma once

#include "config/error.hpp"
#include "config/options.hpp"
#include "fuse_bridge/bridge.hpp"
#include "fuse_bridge/kernel_notices.hpp"

#include <caf/actor_system.hpp>

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <sys/types.h>
#include <thread>
#include <vector>

struct fuse_session;

namespace gitfs {

/// Blocks the signals that end a mount in the calling thread and in all threads that it will start, so that only
/// `wait_for_end` gets them. Call before the first thread is started.
void block_ending_signals();

class mount_session {
public:
  /// Mounts. The kernel's first request is answered once `start` was called. `b` outlives the session.
  static result<std::unique_ptr<mount_session>> mount(const mount_options& options, bridge& b);
  ~mount_session();
  mount_session(const mount_session&) = delete;
  mount_session& operator=(const mount_session&) = delete;

  /// Starts the worker threads, each an execution unit of `system`.
  void start(caf::actor_system& system, unsigned threads);

  /// Blocks until the kernel has taken the answer to its first request, and has been told of the root directory: only
  /// then there is a mount. Called after `start`, by another thread than the workers. The kernel's error.
  result<void> wait_until_mounted() const;

  /// Blocks until the file system was unmounted from outside, or SIGTERM or SIGINT came. `reload` is called for each
  /// SIGHUP.
  void wait_for_end(const std::function<void()>& reload);

  /// The device number that stat shows for everything in the mount; 0: it could not be found out.
  dev_t device() const { return device_; }

  /// Ends the notices to the kernel and then the worker threads. Requests that come from now on stay in the kernel;
  /// requests that were read before can be answered until `unmount`.
  void stop();

  /// Detaches the mountpoint and closes the connection. Requests that are not answered by then fail with ENOTCONN.
  void unmount();

private:
  mount_session() = default;
  void work(caf::actor_system& system);
  void end_notices();
  void abort_connection() const;

  bridge* bridge_ = nullptr;
  std::filesystem::path mountpoint_;
  std::optional<kernel_notices> notices_;
  dev_t device_ = 0; ///< its minor number is the name of the connection in /sys/fs/fuse/connections
  fuse_session* session_ = nullptr;
  bool mounted_ = false;
  std::atomic<bool> stopping_{false};
  std::atomic<unsigned> working_{0};
  std::vector<std::thread> workers_;
  pthread_t waiter_{};
};

} // namespace gitfs
