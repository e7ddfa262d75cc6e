// Going into the background, and telling the caller how it went.
#pragma once

#include "config/error.hpp"
#include "config/unique_fd.hpp"

#include <string>

namespace gitfs {

/// `gitfs-actor mount` returns when the mount is ready. The fork comes before the first thread, so the work happens in
/// the child; what became of it goes back through a pipe.
class daemon_start {
public:
  /// Forks. In the parent it waits for `report`, prints its line and exits the process (0, or 1 on standard error):
  /// only the child returns. With `foreground` nothing forks, and `report` prints.
  static result<daemon_start> begin(bool foreground);

  /// Once. After a success the child is cut off from the terminal. An empty line is not printed.
  void succeeded(const std::string& line);
  void failed(const std::string& line);

  /// Becomes an error (poll's POLLERR) when who waits for the report has gone; -1: nobody does.
  int caller() const { return pipe_; }

private:
  daemon_start() = default;
  void report(char status, const std::string& line);

  unique_fd pipe_; // none: in the foreground, or reported
  bool foreground_ = false;
};

} // namespace gitfs
