// Gives freed memory back to the system.
#pragma once

#include <atomic>
#include <cstdint>
#include <malloc.h>

namespace gitfs {

/// glibc keeps freed memory that lies between what is in use: 40 MB after reading the Linux tree. Takes milliseconds,
/// during which other threads that allocate may wait.
inline void return_free_memory() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

/// Counts contents that were in memory, and calls return_free_memory after every 64 MB of them, because memory that is
/// freed in between lies scattered.
inline void passed_through_memory(std::uint64_t bytes) {
  constexpr std::uint64_t limit = std::uint64_t{64} << 20;
  static std::atomic<std::uint64_t> passed{0};
  if (passed.fetch_add(bytes, std::memory_order_relaxed) % limit + bytes >= limit)
    return_free_memory();
}

} // namespace gitfs
