// Numbers of bytes as people write them.
#pragma once

#include "config/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace gitfs {

/// "4096", "500M", "20G", "1.5T", with or without a "B" or "iB" behind the letter, in either case: K, M, G and T are
/// powers of 1024. EINVAL: anything else, or not from `least` to 2^62; nor, without a unit, from 1 to 4095: who leaves
/// the unit out mostly means M.
result<std::uint64_t> parse_byte_size(std::string_view text, std::uint64_t least);

/// The same for people, in the unit that leaves one to four digits: "20G", "1.5M", "317B".
std::string show_byte_size(std::uint64_t bytes);

} // namespace gitfs
