#include "actors/telemetry/span_ids.hpp"

#include "backend/os/hex.hpp"

#include <random>
#include <span>

namespace gitfs {

namespace {

// splitmix64: a bijection, so no two numbers have the same id.
std::uint64_t mixed(std::uint64_t h) {
  h += 0x9e3779b97f4a7c15U;
  h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9U;
  h = (h ^ (h >> 27)) * 0x94d049bb133111ebU;
  return h ^ (h >> 31);
}

std::uint64_t random_seed() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

template <std::size_t size>
void put(std::array<unsigned char, size>& to, std::size_t at, std::uint64_t value) {
  if (value == 0)
    value = 1; // all zeroes would be no id
  for (std::size_t i = 0; i < 8; ++i)
    to[at + i] = static_cast<unsigned char>(value >> (8 * (7 - i)));
}

} // namespace

span_ids::span_ids(double sampled) : span_ids(sampled, random_seed(), random_seed()) {}

span_ids::span_ids(double sampled, std::uint64_t seed, std::uint64_t other_seed)
  : sampled_(sampled),
    seed_(seed),
    other_seed_(other_seed) {}

trace_id span_ids::trace(std::uint64_t root) const {
  trace_id out{};
  put(out, 0, mixed(seed_ + root));
  put(out, 8, mixed(other_seed_ ^ root));
  return out;
}

span_id span_ids::make(std::uint64_t number) const {
  span_id out{};
  put(out, 0, mixed((seed_ ^ other_seed_) + number));
  return out;
}

bool span_ids::sampled(std::uint64_t root) const {
  // The last 63 bits of the trace's id as a fraction.
  return sampled_ >= 1 || static_cast<double>(mixed(other_seed_ ^ root) >> 1) < sampled_ * 0x1p63;
}

std::string span_ids::traceparent(std::uint64_t begin, std::uint64_t root) const {
  const trace_id trace_of_it = trace(root);
  const span_id parent = of(begin);
  return "00-" + to_hex(std::as_bytes(std::span{trace_of_it})) + '-' + to_hex(std::as_bytes(std::span{parent}))
         + (sampled(root) ? "-01" : "-00");
}

} // namespace gitfs
