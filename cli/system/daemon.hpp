// Puts a mount into the background, and tells the command that started it whether it succeeded.
#pragma once

#include "config/error.hpp"
#include "config/unique_fd.hpp"

#include <string>

namespace gitfs {

/// `gitfs-actor mount` returns when the mount is ready. The process forks before its first thread starts, because
/// threads do not survive a fork. The child makes the mount, and reports the outcome to the parent through a pipe.
class daemon_start {
public:
  /// Forks, and returns in the child alone. The parent waits for the child's report, prints the line of it, and exits:
  /// with 0 after a success, with 1 after a failure, whose line goes to standard error. With `foreground` there is no
  /// fork, and the report is printed by this process.
  static result<daemon_start> begin(bool foreground);

  /// Report the outcome; one of the two is called, once. After a success the child has no terminal any more. An empty
  /// line is not printed.
  void succeeded(const std::string& line);
  void failed(const std::string& line);

  /// A descriptor on which poll reports POLLERR when the parent has ended and nobody waits for the report any more. -1:
  /// there is no parent.
  int caller() const { return pipe_.get(); }

private:
  daemon_start() = default;
  void report(char status, const std::string& line);

  unique_fd pipe_; // closed in the foreground, and after the report
  bool foreground_ = false;
};

} // namespace gitfs
