// What is known about well-known forges before they are asked.
#pragma once

#include "backend/http/http_client.hpp"
#include "backend/http/upstream_limits.hpp"
#include "backend/remote/capabilities.hpp"
#include "backend/remote/size_source.hpp"
#include "backend/remote/source.hpp"

#include <memory>
#include <optional>

namespace gitfs {

/// The size source of a repository at such a forge; it uses the credentials of the URL or of git's helpers, or none.
/// Null: the forge is not known. `client`: null: the source makes its own.
std::shared_ptr<size_source> sizes_of_forge(const source& from, const upstream_limits& limits,
                                            std::shared_ptr<http_client> client = {});

/// The capabilities of the forge's git server. None: the server has to be asked.
std::optional<capabilities> capabilities_of_forge(const source& from);

} // namespace gitfs
