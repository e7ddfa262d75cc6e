// The clock of records. It is as cheap as possible, because the system's clock, read three times for each message,
// would be half of the cost of recording.
#pragma once

#include <cstdint>

namespace gitfs::trace {

/// From now on clock_now reads the processor's counter, if the kernel uses that counter as its own clock. Takes 0.2 ms,
/// in which the speed of the counter is measured. Called before the threads that read the clock begin.
void start_clock();

/// Nanoseconds of the steady clock. The clocks of two threads may differ by some 0.1 µs; that of one thread never goes
/// back.
std::uint64_t clock_now() noexcept;

/// The same, but neither this time nor a later one of this thread is before `sent`, the time at which the cause was
/// sent.
std::uint64_t clock_now_after(std::uint64_t sent) noexcept;

} // namespace gitfs::trace
