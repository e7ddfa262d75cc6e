// Serves one text over HTTP/1.1 on this machine: what Prometheus reads.
#pragma once

#include "config/error.hpp"
#include "config/options.hpp"

#include <functional>
#include <memory>
#include <string>

namespace gitfs {

/// One thread for all connections, none of which can hold up another: 64 at once (the oldest goes), 5 seconds each, one
/// request each. GET and HEAD of /metrics and /; the socket of a path is for its owner alone, and is removed at the
/// end.
class metrics_server {
public:
  /// `text` is called on the server's thread. EADDRINUSE: somebody listens there; EEXIST: the path is no socket; the
  /// errors of binding.
  static result<std::unique_ptr<metrics_server>> start(const listen_address& at, std::function<std::string()> text);
  ~metrics_server();
  metrics_server(const metrics_server&) = delete;
  metrics_server& operator=(const metrics_server&) = delete;

  /// Where it listens, as the option has it; with the port that was free.
  const std::string& address() const;

private:
  struct state;
  explicit metrics_server(std::unique_ptr<state> impl);
  std::unique_ptr<state> impl_;
};

} // namespace gitfs
