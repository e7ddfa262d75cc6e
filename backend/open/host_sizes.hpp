// What is known about well-known hosts before they are asked.
#pragma once

#include "backend/http/http_client.hpp"
#include "backend/http/upstream_limits.hpp"
#include "backend/remote/capabilities.hpp"
#include "backend/remote/size_source.hpp"
#include "backend/remote/source.hpp"

#include <memory>
#include <optional>

namespace gitfs {

/// The size source of a repository at such a host; it uses the credentials of the URL or of git's helpers, or none.
/// Null: the host is not known. `client`: null: the source makes its own.
std::shared_ptr<size_source> sizes_of_host(const source& from, const upstream_limits& limits,
                                           std::shared_ptr<http_client> client = {});

/// The capabilities of the host's git server. None: the server has to be asked.
std::optional<capabilities> capabilities_of_host(const source& from);

} // namespace gitfs
