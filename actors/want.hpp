// What actors ask of the fetcher.
#pragma once

#include "backend/oid.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace gitfs {

/// Numbered by the one who wants; unique among its own.
using want_id = std::uint64_t;

enum class want_kind : std::uint8_t {
  trees, ///< into the store
  blobs, ///< into the store
  sizes, ///< of blobs, without their contents where the server can
};
inline constexpr std::size_t want_kinds = 3;

/// Demand: a kernel request waits for it. Speculation may wait, and may be dropped.
enum class urgency : std::uint8_t { speculation, demand };

struct want {
  want_id id = 0;
  want_kind kind = want_kind::blobs;
  urgency how = urgency::demand;
  std::vector<oid> ids;
};

/// `code` 0: everything that the server has is here now. Else an errno, for those who waited only.
struct want_result {
  int code = 0;
  std::vector<std::pair<oid, std::uint64_t>> sizes; ///< those that were wanted and are known
};

} // namespace gitfs
