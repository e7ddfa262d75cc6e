// What was freed, back to the system.
#pragma once

#include <malloc.h>

namespace gitfs {

/// glibc keeps freed memory that lies between what is in use: 40 MB after reading the Linux tree. Takes milliseconds,
/// during which other threads that allocate may wait.
inline void return_free_memory() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

} // namespace gitfs
