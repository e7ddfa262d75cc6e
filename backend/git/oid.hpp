// Object ids: SHA-1 names of git objects.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace gitfs {

struct oid {
  static constexpr std::size_t raw_size = 20;
  static constexpr std::size_t hex_size = 40;

  std::array<std::uint8_t, raw_size> bytes{};

  auto operator<=>(const oid&) const = default;

  bool is_zero() const { return *this == oid{}; }

  /// 40 lower-case hexadecimal digits.
  std::string hex() const;

  /// Takes exactly 40 hexadecimal digits of either case; anything else is none.
  static std::optional<oid> from_hex(std::string_view hex);

  /// Takes exactly 20 bytes; the caller has checked the length.
  static oid from_raw(const void* raw) {
    oid out;
    std::memcpy(out.bytes.data(), raw, raw_size);
    return out;
  }
};

} // namespace gitfs

template <>
struct std::hash<gitfs::oid> {
  // An oid is already uniformly distributed: its first bytes are its hash.
  std::size_t operator()(const gitfs::oid& id) const noexcept {
    std::size_t out;
    std::memcpy(&out, id.bytes.data(), sizeof out);
    return out;
  }
};
