#include "actors/trace/record/trace_clock.hpp"

#include <algorithm>
#include <chrono>

#ifdef __x86_64__
#include <cpuid.h>
#include <fstream>
#include <string>
#endif

namespace gitfs::trace {

namespace {

std::uint64_t steady_now() {
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}

#ifdef __x86_64__

std::uint64_t ticks_now() {
  return __builtin_ia32_rdtsc();
}

// The counter must have the same speed at all times and on all processors. The processor says that its speed is
// constant, and the kernel has checked that all processors agree.
bool counter_is_steady() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  constexpr unsigned power_leaf = 0x80000007, invariant_tsc = 1U << 8;
  if (__get_cpuid(power_leaf, &a, &b, &c, &d) == 0 || (d & invariant_tsc) == 0)
    return false;
  std::ifstream source{"/sys/devices/system/clocksource/clocksource0/current_clocksource"};
  std::string name;
  return source >> name && name == "tsc";
}

#else

std::uint64_t ticks_now() {
  return 0;
}
bool counter_is_steady() {
  return false;
}

#endif

// Nanoseconds for each tick of the counter, times 2^32; 0: the counter must not be used.
std::uint64_t tick_length = 0;

struct moment {
  std::uint64_t ticks = 0, time = 0;
};

// A thread sets its clock by the system's again after so many ticks (some 1 ms). So its clock follows when the system's
// clock is slewed, and when suspending or migrating a machine changes the counter, and errors of the speed do not add
// up.
constexpr std::uint64_t ticks_until_set = std::uint64_t{1} << 21;

struct thread_clock {
  moment set_at;
  std::uint64_t last = 0; // the last time that was returned
};
constinit thread_local thread_clock own_clock;

// Makes some attempts, and takes the one that was disturbed least.
moment read_both() {
  constexpr std::uint64_t undisturbed = 1000; // ticks
  moment out;
  std::uint64_t least = ~std::uint64_t{0};
  for (int i = 0; i < 4 && least > undisturbed; ++i) {
    const std::uint64_t before = ticks_now();
    const std::uint64_t time = steady_now();
    const std::uint64_t took = ticks_now() - before;
    if (took <= least) {
      least = took;
      out = {before + took / 2, time};
    }
  }
  return out;
}

std::uint64_t counted_now() {
  const std::uint64_t passed = ticks_now() - own_clock.set_at.ticks;
  if (passed < ticks_until_set) [[likely]]
    return own_clock.set_at.time + (passed * tick_length >> 32);
  own_clock.set_at = read_both();
  return own_clock.set_at.time;
}

} // namespace

void start_clock() {
  if (!counter_is_steady())
    return;
  constexpr std::uint64_t long_enough = 200'000, longest = std::uint64_t{1} << 32;
  constexpr std::uint64_t slowest = std::uint64_t{1} << 34; // 250 MHz
  const moment begin = read_both();
  while (steady_now() - begin.time < long_enough) {
  }
  const moment end = read_both();
  const std::uint64_t time = end.time - begin.time, ticks = end.ticks - begin.ticks;
  if (time >= longest || ticks == 0)
    return;
  if (const std::uint64_t length = (time << 32) / ticks; length < slowest)
    tick_length = length;
}

std::uint64_t clock_now() noexcept {
  return own_clock.last = std::max(own_clock.last, tick_length != 0 ? counted_now() : steady_now());
}

std::uint64_t clock_now_after(std::uint64_t sent) noexcept {
  own_clock.last = std::max(own_clock.last, sent);
  return clock_now();
}

} // namespace gitfs::trace
