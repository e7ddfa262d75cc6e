// Bytes as hexadecimal digits.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace gitfs {

/// Two digits for each byte, in lower case.
std::string to_hex(std::span<const std::byte> bytes);

} // namespace gitfs
