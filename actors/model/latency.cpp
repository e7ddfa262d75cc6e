#include "actors/model/latency.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace gitfs {

// Below 2^steps_bits each nanosecond has a bucket of its own; above, the highest bits of the number say which.
std::size_t latency_histogram::bucket_of(std::uint64_t ns) {
  constexpr std::uint64_t steps = std::uint64_t{1} << steps_bits;
  if (ns < steps)
    return static_cast<std::size_t>(ns);
  const unsigned shift = static_cast<unsigned>(std::bit_width(ns)) - steps_bits - 1;
  const std::uint64_t step = (ns >> shift) - steps;
  return std::min<std::size_t>(static_cast<std::size_t>(((shift + 1) << steps_bits) + step), size - 1);
}

std::uint64_t latency_histogram::end_of(std::size_t bucket) {
  constexpr std::uint64_t steps = std::uint64_t{1} << steps_bits;
  if (bucket < steps)
    return bucket;
  const std::uint64_t shift = (bucket >> steps_bits) - 1;
  return ((steps + (bucket & (steps - 1)) + 1) << shift) - 1;
}

std::uint64_t latency_histogram::count() const {
  std::uint64_t out = 0;
  for (const auto& each : buckets_)
    out += each.load(std::memory_order_relaxed);
  return out;
}

std::map<std::size_t, std::uint64_t> latency_histogram::counted() const {
  std::map<std::size_t, std::uint64_t> out;
  for (std::size_t i = 0; i < size; ++i)
    if (const std::uint64_t n = buckets_[i].load(std::memory_order_relaxed); n != 0)
      out[i] = n;
  return out;
}

std::chrono::nanoseconds latency_histogram::quantile(double q) const {
  const std::uint64_t all = count();
  if (all == 0)
    return {};
  const auto wanted = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(q * static_cast<double>(all))));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < size; ++i)
    if ((seen += buckets_[i].load(std::memory_order_relaxed)) >= wanted)
      return std::chrono::nanoseconds{end_of(i)};
  return std::chrono::nanoseconds{end_of(size - 1)};
}

// A power of two begins a bucket, so the longest duration below it is one nanosecond less.
std::vector<double> latency_histogram::bounds() {
  std::vector<double> out;
  for (unsigned power = first_power; power <= last_power; ++power)
    out.push_back(static_cast<double>((std::uint64_t{1} << power) - 1) / 1e9);
  return out;
}

std::vector<std::uint64_t> latency_histogram::counts() const {
  std::vector<std::uint64_t> out;
  std::size_t bucket = 0;
  for (unsigned power = first_power; power <= last_power; ++power) {
    std::uint64_t sum = 0;
    for (const std::size_t end = bucket_of(std::uint64_t{1} << power); bucket < end; ++bucket)
      sum += buckets_[bucket].load(std::memory_order_relaxed);
    out.push_back(sum);
  }
  std::uint64_t rest = 0;
  for (; bucket < size; ++bucket)
    rest += buckets_[bucket].load(std::memory_order_relaxed);
  out.push_back(rest);
  return out;
}

std::string latencies::text() const {
  constexpr struct {
    const char* name;
    double q;
  } shown[] = {{"p50_ns", 0.5}, {"p90_ns", 0.9}, {"p99_ns", 0.99}};
  std::string out;
  for (const counter_row& kind : kernel_counters)
    if (of(kind.number).count() != 0)
      for (const auto& each : shown)
        out += std::string{kind.name} + '.' + each.name + ' ' + std::to_string(of(kind.number).quantile(each.q).count())
               + '\n';
  return out;
}

} // namespace gitfs
