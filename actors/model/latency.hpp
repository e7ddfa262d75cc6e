// How long kernel requests take.
#pragma once

#include "actors/model/counters.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace gitfs {

/// Counts durations in buckets, four to each power of two of nanoseconds (log-linear, as HdrHistogram), so that a
/// quantile is at most a quarter too long. Any thread, without a lock, so counts and sum that are read while others add
/// may differ by the durations that are being added.
class latency_histogram {
public:
  void add(std::chrono::nanoseconds took) {
    const std::uint64_t ns = took.count() > 0 ? static_cast<std::uint64_t>(took.count()) : 0;
    buckets_[bucket_of(ns)].fetch_add(1, std::memory_order_relaxed);
    sum_.fetch_add(ns, std::memory_order_relaxed);
  }

  std::uint64_t count() const;
  /// The counts of all buckets that are not empty, by the number of the bucket.
  std::map<std::size_t, std::uint64_t> counted() const;
  /// The longest duration that the bucket counts, in nanoseconds.
  static std::uint64_t end_of(std::size_t bucket);
  /// The upper end of the bucket that holds the quantile `q`, 0 to 1; zero if nothing was counted.
  std::chrono::nanoseconds quantile(double q) const;

  /// A coarser form, for metrics. `bounds`: the longest duration of each count but the last, in seconds; they double
  /// from a microsecond up to a minute. `counts`: how many durations there were up to each bound, and beyond the last.
  /// `sum`: of all durations, in seconds.
  static std::vector<double> bounds();
  std::vector<std::uint64_t> counts() const;
  double sum() const { return static_cast<double>(sum_.load(std::memory_order_relaxed)) / 1e9; }

private:
  static constexpr unsigned first_power = 10, last_power = 36; // of two, in nanoseconds

  static constexpr unsigned steps_bits = 2; // buckets to a power of two
  static constexpr std::size_t size = (64 - steps_bits) << steps_bits;

  static std::size_t bucket_of(std::uint64_t ns);

  std::array<std::atomic<std::uint64_t>, size> buckets_{};
  std::atomic<std::uint64_t> sum_{0}; ///< nanoseconds
};

/// One histogram for each kind of kernel request that is answered, of the time from its arrival to its reply.
class latencies {
public:
  /// `kind`: one of the counters of kernel requests.
  latency_histogram& of(counter kind) { return all_[static_cast<std::size_t>(kind)]; }
  const latency_histogram& of(counter kind) const { return all_[static_cast<std::size_t>(kind)]; }

  /// Lines "kernel.KIND.p50_ns value", and p90 and p99, for each kind of which there were requests.
  std::string text() const;

private:
  std::array<latency_histogram, kernel_kinds> all_;
};

} // namespace gitfs
