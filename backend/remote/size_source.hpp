// Gets sizes of blobs from a REST service, for git servers that do not tell them by `object-info`.
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

/// Tells sizes of blobs of one repository, by the API of its forge. Used by one thread at a time. Calls block within
/// the limits of the forge's client.
class size_source {
public:
  virtual ~size_source() = default;

  /// The sizes of those `wanted` blobs that the forge finds, and other sizes that came with them. `where` finds the
  /// paths of blobs. ECANCELED: stopped. EAGAIN: the forge cannot tell now. EIO, ETIMEDOUT: it does not answer, or its
  /// answer cannot be used. Any other error: the forge cannot tell sizes. The message says why and what to do.
  virtual result<blob_sizes> sizes(std::span<const oid> wanted, tree_index& where, std::stop_token stop) = 0;
};

} // namespace gitfs
