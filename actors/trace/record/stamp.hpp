// The stamp that every message carries: when the message was made, and what has caused it.
#pragma once

#include "actors/trace/record/trace_clock.hpp"

#include <atomic>
#include <cstdint>

namespace gitfs::trace {

/// True while this process records. Set before the threads that read it begin.
inline std::atomic<bool> recording{false};

/// True if the process also records what only a replay needs. Set together with `recording`.
inline std::atomic<bool> exact{false};

/// Order number of the message that this thread handles, or of the edge on whose behalf it runs; 0: none.
constinit inline thread_local std::uint64_t cause_now = 0;

/// Order number of the kernel request at the begin of the chain of causes; 0: none. It is not in the records, because a
/// reader can follow the causes.
constinit inline thread_local std::uint64_t root_now = 0;

struct sent_by {
  std::uint64_t cause = 0; ///< order number
  std::uint64_t time = 0;  ///< of clock_now; 0: nothing is recorded
  std::uint64_t root = 0;  ///< order number

  static sent_by now() {
    if (!recording.load(std::memory_order_relaxed))
      return {};
    return {cause_now, clock_now(), root_now};
  }
};

/// While it lives, `order` is the cause of what this thread sends and records. The root stays the same, or becomes
/// `root`.
class because_of {
public:
  explicit because_of(std::uint64_t order) : because_of(order, root_now) {}
  because_of(std::uint64_t order, std::uint64_t root) : before_(cause_now), root_before_(root_now) {
    cause_now = order;
    root_now = root;
  }
  ~because_of() {
    cause_now = before_;
    root_now = root_before_;
  }
  because_of(const because_of&) = delete;
  because_of& operator=(const because_of&) = delete;

private:
  std::uint64_t before_, root_before_;
};

} // namespace gitfs::trace
