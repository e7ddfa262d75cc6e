#include "backend/os/hex.hpp"

#include <string_view>

namespace gitfs {

std::string to_hex(std::span<const std::byte> bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out(2 * bytes.size(), '\0');
  char* to = out.data();
  for (const std::byte each : bytes) {
    *to++ = digits[std::to_integer<std::size_t>(each >> 4)];
    *to++ = digits[std::to_integer<std::size_t>(each & std::byte{15})];
  }
  return out;
}

} // namespace gitfs
