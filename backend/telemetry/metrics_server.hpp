// Serves over HTTP/1.1 on this machine what Prometheus reads, and whether all is well.
#pragma once

#include "config/error.hpp"
#include "config/options.hpp"

#include <functional>
#include <memory>
#include <string>

namespace gitfs {

/// One thread for all connections, none of which can hold up another: 64 at once (the oldest goes), 5 seconds each, one
/// request each. GET and HEAD of /metrics and /, and of /healthz (200, or 503 if it is not well); the socket of a path
/// is for its owner alone, and is removed at the end.
class metrics_server {
public:
  struct pages {
    std::function<std::string()> metrics;
    std::function<bool()> is_well = [] { return true; };
  };

  /// The pages are made on the server's thread. EADDRINUSE: somebody listens there; EEXIST: the path is no socket; the
  /// errors of binding.
  static result<std::unique_ptr<metrics_server>> start(const listen_address& at, pages made);
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
