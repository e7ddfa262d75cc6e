// Deltas of packs (gitformat-pack, "Deltified representation").
#pragma once

#include "config/error.hpp"

#include <cstdint>
#include <string_view>

namespace gitfs {

struct delta_sizes {
  std::uint64_t base = 0;
  std::uint64_t result = 0;
};

/// What the delta says of itself. EIO: it is damaged.
result<delta_sizes> sizes_of_delta(std::string_view delta);

/// Makes `result` bytes at `out` of the base. EIO: the delta is damaged, or not of this base.
result<void> apply_delta(std::string_view base, std::string_view delta, char* out, std::uint64_t result);

} // namespace gitfs
