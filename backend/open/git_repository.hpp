// Opens git repositories: those on this disk, and those behind smart HTTP.
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

/// The limits of each request to a server.
upstream_limits limits_of(const mount_options& options);

/// Opens the repository without asking a server anything; for a remote repository it opens the store and starts
/// threads. `options`: the cache and the limits of requests are used. `memory`: the budget for contents ahead of their
/// reader. `services`: null: the repository has its own. `sizes`: tells sizes where the git server does not; null: the
/// source that is known for the URL's host, if there is one. The errors are those of local_repository::open and
/// object_store::open.
result<std::shared_ptr<repository>> open_repository(const source& from, const mount_options& options,
                                                    std::shared_ptr<memory_budget> memory,
                                                    const std::shared_ptr<backend_services>& services = {},
                                                    std::shared_ptr<size_source> sizes = {});

} // namespace gitfs
