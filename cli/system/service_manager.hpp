// Telling the service manager that started us how we are: sd_notify(3).
#pragma once

#include <string>
#include <string_view>
#include <sys/types.h>

namespace gitfs {

/// systemd's protocol for units of Type=notify: datagrams of "NAME=VALUE" lines to the socket named by $NOTIFY_SOCKET.
/// Our own few lines, as sd_notify(3) shows them: libsystemd would bring five libraries into every mount. Whoever was
/// not started by a service manager tells nobody; a lost message is no error. Any thread.
class service_manager {
public:
  /// Call before the first thread: it takes $NOTIFY_SOCKET out of the environment, so that no child speaks for us.
  static service_manager take_from_environment();

  /// The mount serves; also after `reloading`. `process`: that serves it; 0: this one.
  void ready(std::string_view status, pid_t process = 0) const;
  /// On SIGHUP, before looking at refs and files again; `ready` ends it.
  void reloading() const;
  void stopping() const;
  /// It will end; `why` is one line without credentials.
  void failed(std::string_view why) const;

private:
  void tell(const std::string& text) const;

  std::string socket_; // empty: nobody listens
};

} // namespace gitfs
