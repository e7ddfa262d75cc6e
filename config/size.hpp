// Sizes as people write them.
#pragma once

#include "config/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace gitfs {

/// "64M" → bytes: a whole number and K, M, G or T (powers of 1024; a B or iB after it changes nothing), or bytes
/// without one. EINVAL: none of these, or beyond 64 bits.
result<std::uint64_t> parse_size(std::string_view text);

/// The shortest of these spellings that says it exactly: 67108864 → "64M".
std::string size_text(std::uint64_t bytes);

} // namespace gitfs
