// The time of records, as cheap as it can be had: the system's clock, read three times a message, is half of what
// recording costs.
#pragma once

#include <cstdint>

namespace gitfs::trace {

/// From now on the processor's counter is read, where the kernel trusts it as its own clock. Takes 0.2 ms to find out
/// how fast that counts. Before the threads that read the clock begin.
void start_clock();

/// Nanoseconds of the steady clock, but for some 0.1 µs by which threads may differ. Of one thread they never go back.
std::uint64_t clock_now() noexcept;

/// The same; and neither this nor what the thread is given later is before `sent`, the time of what led here.
std::uint64_t clock_now_after(std::uint64_t sent) noexcept;

} // namespace gitfs::trace
