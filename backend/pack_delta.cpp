#include "backend/pack_delta.hpp"

#include <cerrno>
#include <cstring>

namespace gitfs {

namespace {

auto damaged() {
  return fail(EIO, "a delta in a pack is damaged");
}

// Reads a little-endian number of 7 bits a byte; false at the end of the delta or beyond 63 bits.
bool read_size(std::string_view& delta, std::uint64_t& out) {
  out = 0;
  for (unsigned shift = 0; !delta.empty() && shift < 63; shift += 7) {
    const auto byte = static_cast<std::uint8_t>(delta.front());
    delta.remove_prefix(1);
    out |= std::uint64_t{byte & 0x7fU} << shift;
    if ((byte & 0x80U) == 0)
      return true;
  }
  return false;
}

bool read_header(std::string_view& delta, delta_sizes& out) {
  return read_size(delta, out.base) && read_size(delta, out.result);
}

// The bytes of a number that are not zero follow an instruction whose bits tell which they are.
bool read_sparse(std::string_view& delta, unsigned present, unsigned bytes, std::uint64_t& out) {
  out = 0;
  for (unsigned i = 0; i < bytes; ++i) {
    if ((present >> i & 1U) == 0)
      continue;
    if (delta.empty())
      return false;
    out |= std::uint64_t{static_cast<std::uint8_t>(delta.front())} << (8 * i);
    delta.remove_prefix(1);
  }
  return true;
}

} // namespace

result<delta_sizes> sizes_of_delta(std::string_view delta) {
  delta_sizes out;
  if (!read_header(delta, out))
    return damaged();
  return out;
}

result<void> apply_delta(std::string_view base, std::string_view delta, char* out, std::uint64_t result) {
  constexpr std::uint64_t copy_when_zero = 0x10000;
  delta_sizes said;
  if (!read_header(delta, said) || said.base != base.size() || said.result != result)
    return damaged();
  while (!delta.empty()) {
    const auto instruction = static_cast<std::uint8_t>(delta.front());
    delta.remove_prefix(1);
    std::string_view piece;
    if ((instruction & 0x80U) != 0) {
      std::uint64_t offset = 0, size = 0;
      if (!read_sparse(delta, instruction & 0x0fU, 4, offset)
          || !read_sparse(delta, instruction >> 4U & 0x07U, 3, size))
        return damaged();
      if (size == 0)
        size = copy_when_zero;
      if (offset > base.size() || size > base.size() - offset)
        return damaged();
      piece = base.substr(offset, size);
    } else if (instruction != 0 && instruction <= delta.size()) {
      piece = delta.substr(0, instruction);
      delta.remove_prefix(instruction);
    } else {
      return damaged(); // 0 is reserved
    }
    if (piece.size() > result)
      return damaged();
    std::memcpy(out, piece.data(), piece.size());
    out += piece.size();
    result -= piece.size();
  }
  if (result != 0)
    return damaged();
  return success();
}

} // namespace gitfs
