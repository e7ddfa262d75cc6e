// Tells the service manager that started us the state of the mount, as sd_notify(3) does.
#pragma once

#include <string>
#include <string_view>
#include <sys/types.h>

namespace gitfs {

/// The protocol of systemd for units of Type=notify: datagrams of "NAME=VALUE" lines to the socket that $NOTIFY_SOCKET
/// names. These few lines are our own, as sd_notify(3) recommends, because libsystemd would bring five libraries into
/// every mount. Without a service manager nothing is sent. A message that is lost is no error. Any thread.
class service_manager {
public:
  /// Removes $NOTIFY_SOCKET from the environment, so that no child process can speak for us. Call it before the first
  /// thread starts, because changing the environment is not thread-safe.
  static service_manager take_from_environment();

  /// The mount answers requests. Called at the start, and at the end of a reload. `process` serves the mount; 0: this
  /// process does.
  void ready(std::string_view status, pid_t process = 0) const;
  /// A reload has begun, on SIGHUP. `ready` says that it has ended.
  void reloading() const;
  void stopping() const;
  /// The mount has failed and will end. `why` is one line without credentials.
  void failed(std::string_view why) const;

private:
  void tell(const std::string& text) const;

  std::string socket_; // empty: there is no service manager
};

} // namespace gitfs
