// Hosts of all kinds, with what they need of the process that shows them.
#pragma once

#include "backend/forge/forge_access.hpp"
#include "backend/forge/forge_host.hpp"
#include "backend/forge/repository_host.hpp"
#include "backend/http/retry.hpp"
#include "backend/http/upstream_limits.hpp"
#include "backend/mesa/mesa_host.hpp"
#include "config/deployment.hpp"
#include "config/error.hpp"

#include <memory>

namespace gitfs {

class http_client;

/// What a host needs of its process.
struct host_needs {
  repository_opener open;
  secret_reader read_secret;
  store_opener open_store{};             ///< of services whose repositories are no git servers (mesa)
  upstream_limits limits{};              ///< of requests to the API
  std::shared_ptr<http_client> client{}; ///< null: one of its own
  retry_limits retries{};
  forge_host::memory keep{}; ///< but `absent`, which is the host's own
};

/// By its kind; no request is made. EINVAL: the URL or template is none.
result<std::shared_ptr<repository_host>> make_host(const shown_host& what, const host_needs& needs);

} // namespace gitfs
