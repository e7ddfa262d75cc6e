// Limits of time for requests to git servers and REST services, and counters of these requests.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace gitfs {

struct upstream_limits {
  std::chrono::milliseconds connect{10'000}; ///< TCP and TLS handshake of one attempt
  std::chrono::milliseconds stall{30'000};   ///< no byte in either direction
  std::chrono::milliseconds total{120'000};  ///< one operation with all its retries; also how long a host may be away
  bool wait_at_first = false;                ///< wait for a host that has never answered, too, if its name is known
  std::size_t entries = 1'000'000; ///< most entries of one listing of a forge, so that a listing without end ends
  unsigned parallel = 8;           ///< connections to the server, where none are shared
};

/// Sums over the life of the upstream.
struct upstream_counters {
  std::uint64_t requests = 0;  ///< HTTP requests made, with retries
  std::uint64_t bytes = 0;     ///< body bytes received, after content decoding
  std::uint64_t retries = 0;   ///< requests that repeat one that failed
  std::uint64_t cancelled = 0; ///< operations that ended with ECANCELED
};

} // namespace gitfs
