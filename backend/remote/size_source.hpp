// Sizes of blobs from a REST service, for git servers that do not tell them (protocol v2 `object-info`).
#pragma once

#include "backend/git/oid.hpp"
#include "backend/git/tree_index.hpp"
#include "config/error.hpp"

#include <cstdint>
#include <span>
#include <stop_token>
#include <utility>
#include <vector>

namespace gitfs {

using blob_sizes = std::vector<std::pair<oid, std::uint64_t>>;

/// Of one repository. Used by one thread at a time; calls block within the limits of the service's client.
class size_source {
public:
  virtual ~size_source() = default;

  /// Sizes of those of `wanted` that the service finds, and of whatever else came with them. `where` knows the
  /// snapshots. ECANCELED: stopped. EAGAIN: not now. EIO, ETIMEDOUT: it does not answer, or nothing of use. Anything
  /// else: the service cannot. The message says why and what to do.
  virtual result<blob_sizes> sizes(std::span<const oid> wanted, tree_index& where, std::stop_token stop) = 0;
};

} // namespace gitfs
