// How often tests repeat what they draw at random.
#pragma once

#include <cstdlib>

namespace gitfs::test {

/// `usual`, or so many times as much as $GITFS_ROUNDS says: scripts/long-run sets it. With tsan a tenth: it looks for
/// threads that meet, and what is drawn at random is tried with asan.
inline unsigned rounds(unsigned usual) {
#ifdef __SANITIZE_THREAD__
  usual = (usual + 9) / 10;
#endif
  const char* factor = std::getenv("GITFS_ROUNDS");
  const unsigned long times = factor != nullptr ? std::strtoul(factor, nullptr, 10) : 1;
  return usual * static_cast<unsigned>(times != 0 ? times : 1);
}

} // namespace gitfs::test
