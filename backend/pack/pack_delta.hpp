// Deltas of packs (gitformat-pack, "Deltified representation").
#pragma once

#include "config/error.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace gitfs {

struct delta_sizes {
  std::uint64_t base = 0;
  std::uint64_t result = 0;
};

/// An instruction of a delta: copy `size` bytes of the base from `offset` on, or insert the next `size` bytes of the
/// delta.
struct delta_instruction {
  bool copy = false;
  std::uint64_t offset = 0, size = 0;
};

/// The sizes that the delta names. EIO: it is damaged.
result<delta_sizes> sizes_of_delta(std::string_view delta);

/// Applies the delta to the base, which gives `result` bytes at `out`. EIO: the delta is damaged, or has another base.
result<void> apply_delta(std::string_view base, std::string_view delta, char* out, std::uint64_t result);

// The decoder of both functions, which also works on deltas that are not whole in memory. `In` has a member
// `bool next(std::uint8_t&)`, which gives byte after byte, and false at the end. None: the delta is damaged.

/// Reads a number of at most 63 bits, which is stored with seven bits a byte, the lowest first.
template <class In>
std::optional<std::uint64_t> read_delta_size(In& in) {
  std::uint64_t out = 0;
  std::uint8_t byte = 0;
  for (unsigned shift = 0; shift < 63 && in.next(byte); shift += 7) {
    out |= std::uint64_t{byte & 0x7fU} << shift;
    if ((byte & 0x80U) == 0)
      return out;
  }
  return std::nullopt;
}

template <class In>
std::optional<delta_sizes> read_delta_sizes(In& in) {
  const auto base = read_delta_size(in);
  const auto result = base ? read_delta_size(in) : std::nullopt;
  return result ? std::optional{delta_sizes{*base, *result}} : std::nullopt;
}

template <class In>
std::optional<delta_instruction> read_delta_instruction(In& in) {
  std::uint8_t first = 0;
  if (!in.next(first) || first == 0) // the format reserves the instruction 0
    return std::nullopt;
  if ((first & 0x80U) == 0)
    return delta_instruction{false, 0, first};
  delta_instruction out{true};
  for (unsigned i = 0; i < 7; ++i) { // the bytes that are not zero follow: four of the offset, three of the size
    std::uint8_t byte = 0;
    if ((first >> i & 1U) == 0)
      continue;
    if (!in.next(byte))
      return std::nullopt;
    (i < 4 ? out.offset : out.size) |= std::uint64_t{byte} << (8 * (i % 4));
  }
  if (out.size == 0)
    out.size = 0x10000;
  return out;
}

} // namespace gitfs
