// Repositories that speak git: on this disk, or behind smart HTTP.
#pragma once

#include "backend/cache/memory_budget.hpp"
#include "backend/http/upstream_limits.hpp"
#include "backend/open/backend_services.hpp"
#include "backend/remote/repository.hpp"
#include "backend/remote/size_source.hpp"
#include "backend/remote/source.hpp"
#include "config/error.hpp"
#include "config/options.hpp"

#include <memory>

namespace gitfs {

/// Of each request to a server.
upstream_limits limits_of(const mount_options& options);

/// Opens the repository (of a remote: its store, and threads) without asking a server anything. Of `options`: the cache
/// and the limits of requests. `memory`: for what comes ahead of its reader. `services`: none: its own. `sizes`: who
/// tells them where the git server does not; none: who is known to, by the URL. The errors are those of
/// local_repository::open and object_store::open.
result<std::shared_ptr<repository>> open_repository(const source& from, const mount_options& options,
                                                    std::shared_ptr<memory_budget> memory,
                                                    const std::shared_ptr<backend_services>& services = {},
                                                    std::shared_ptr<size_source> sizes = {});

} // namespace gitfs
