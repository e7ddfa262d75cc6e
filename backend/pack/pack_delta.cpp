#include "backend/pack/pack_delta.hpp"

#include <cerrno>
#include <cstring>

namespace gitfs {

namespace {

auto damaged() {
  return fail(EIO, "a delta in a pack is damaged");
}

struct whole_delta {
  std::string_view rest;

  bool next(std::uint8_t& out) {
    if (rest.empty())
      return false;
    out = static_cast<std::uint8_t>(rest.front());
    rest.remove_prefix(1);
    return true;
  }
};

} // namespace

result<delta_sizes> sizes_of_delta(std::string_view delta) {
  whole_delta in{delta};
  const auto out = read_delta_sizes(in);
  if (!out)
    return damaged();
  return *out;
}

result<void> apply_delta(std::string_view base, std::string_view delta, char* out, std::uint64_t result) {
  whole_delta in{delta};
  const auto said = read_delta_sizes(in);
  if (!said || said->base != base.size() || said->result != result)
    return damaged();
  while (!in.rest.empty()) {
    const auto instruction = read_delta_instruction(in);
    if (!instruction)
      return damaged();
    const std::string_view from = instruction->copy ? base : in.rest;
    if (instruction->offset > from.size() || instruction->size > from.size() - instruction->offset
        || instruction->size > result)
      return damaged();
    std::memcpy(out, from.data() + instruction->offset, instruction->size);
    out += instruction->size;
    result -= instruction->size;
    if (!instruction->copy)
      in.rest.remove_prefix(instruction->size);
  }
  if (result != 0)
    return damaged();
  return success();
}

} // namespace gitfs
