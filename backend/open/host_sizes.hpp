// What is known of the servers of well-known hosts before they are asked.
#pragma once

#include "backend/http/http_client.hpp"
#include "backend/http/upstream_limits.hpp"
#include "backend/remote/capabilities.hpp"
#include "backend/remote/size_source.hpp"
#include "backend/remote/source.hpp"

#include <memory>
#include <optional>

namespace gitfs {

/// Who tells the sizes of a repository at such a host, with the credentials of the URL or of git's helpers, or none;
/// null: the host is not known. `client`: null: one of its own.
std::shared_ptr<size_source> sizes_of_host(const source& from, const upstream_limits& limits,
                                           std::shared_ptr<http_client> client = {});

/// What the host's git server says it can do; none: it has to be asked.
std::optional<capabilities> capabilities_of_host(const source& from);

} // namespace gitfs
