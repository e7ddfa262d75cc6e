// Decides when to make a failed request again.
#pragma once

#include <chrono>
#include <functional>
#include <optional>

namespace gitfs {

struct retry_limits {
  std::chrono::milliseconds first{200}; ///< longest first pause; doubles with each further one
  std::chrono::milliseconds longest{10'000};
  unsigned attempts = 5; ///< requests made at most, the first included
};

/// The pause after `failures` earlier failures. It doubles each time up to the longest, and is then multiplied by
/// something between a tenth and one (`random` in [0, 1)), because many clients that failed together must neither
/// return together nor at once.
std::chrono::milliseconds backoff(const retry_limits& limits, unsigned failures, double random);

/// Exponential backoff with full jitter inside a deadline; one object per operation. Reads no clock itself.
class retry_policy {
public:
  using clock = std::chrono::steady_clock;
  /// Returns random numbers in [0, 1).
  using random_source = std::function<double()>;

  retry_policy(retry_limits limits, clock::time_point deadline, random_source random);

  /// Called after an attempt failed with a failure that may pass. Returns how long to wait before the next attempt.
  /// None: give up, because there were enough attempts or the wait would outlast the deadline. `retry_after`: the wait
  /// that the server has asked for, or 0.
  std::optional<std::chrono::milliseconds> next(clock::time_point now, std::chrono::seconds retry_after);

private:
  retry_limits limits_;
  clock::time_point deadline_;
  random_source random_;
  unsigned failures_ = 0;
};

/// True for a status that may change when the same request is made again: 408, 425, 429 and 5xx except 501 and 505.
bool transient_status(long status);

/// A random_source of each thread's own.
double random_unit();

} // namespace gitfs
