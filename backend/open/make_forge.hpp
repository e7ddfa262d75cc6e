// Makes forges of all kinds.
#pragma once

#include "backend/forge/cached_forge.hpp"
#include "backend/forge/forge_access.hpp"
#include "backend/forge/forge_tree.hpp"
#include "backend/http/retry.hpp"
#include "backend/http/upstream_limits.hpp"
#include "backend/mesa/mesa_forge.hpp"
#include "config/deployment.hpp"
#include "config/error.hpp"

#include <memory>

namespace gitfs {

class http_client;

/// What a forge needs from its process.
struct forge_needs {
  repository_opener open;
  secret_reader read_secret;
  store_opener open_store{};             ///< for services whose repositories are no git servers (mesa)
  upstream_limits limits{};              ///< limits of requests to the API
  std::shared_ptr<http_client> client{}; ///< null: the forge makes its own
  retry_limits retries{};
  cached_forge::memory keep{}; ///< without `absent`, which is configured for each forge
};

/// Makes the forge of that kind, without a request. EINVAL: its URL or template is malformed.
result<std::shared_ptr<forge_tree>> make_forge(const shown_forge& what, const forge_needs& needs);

} // namespace gitfs
