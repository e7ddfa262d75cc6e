#include "backend/git/oid.hpp"

#include "backend/os/hex.hpp"

#include <span>

namespace gitfs {

namespace {

/// The value of a hexadecimal digit, or -1.
constexpr std::array<std::int8_t, 256> make_digit_values() {
  std::array<std::int8_t, 256> out{};
  out.fill(-1);
  for (int i = 0; i < 10; ++i)
    out[static_cast<std::size_t>('0' + i)] = static_cast<std::int8_t>(i);
  for (int i = 0; i < 6; ++i) {
    out[static_cast<std::size_t>('a' + i)] = static_cast<std::int8_t>(10 + i);
    out[static_cast<std::size_t>('A' + i)] = static_cast<std::int8_t>(10 + i);
  }
  return out;
}

constexpr auto digit_values = make_digit_values();

int digit_value(char c) {
  return digit_values[static_cast<unsigned char>(c)];
}

} // namespace

std::string oid::hex() const {
  return to_hex(std::as_bytes(std::span{bytes}));
}

std::optional<oid> oid::from_hex(std::string_view hex) {
  if (hex.size() != hex_size)
    return std::nullopt;
  oid out;
  for (std::size_t i = 0; i < raw_size; ++i) {
    const int high = digit_value(hex[2 * i]);
    const int low = digit_value(hex[2 * i + 1]);
    if (high < 0 || low < 0)
      return std::nullopt;
    out.bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return out;
}

} // namespace gitfs
