// Makes hosts of all kinds.
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

/// What a host needs from its process.
struct host_needs {
  repository_opener open;
  secret_reader read_secret;
  store_opener open_store{};             ///< for services whose repositories are no git servers (mesa)
  upstream_limits limits{};              ///< limits of requests to the API
  std::shared_ptr<http_client> client{}; ///< null: the host makes its own
  retry_limits retries{};
  forge_host::memory keep{}; ///< without `absent`, which is configured for each host
};

/// Makes the host of that kind, without a request. EINVAL: its URL or template is malformed.
result<std::shared_ptr<repository_host>> make_host(const shown_host& what, const host_needs& needs);

} // namespace gitfs
