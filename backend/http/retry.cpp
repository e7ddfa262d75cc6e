#include "backend/http/retry.hpp"

#include <algorithm>
#include <random>
#include <utility>

namespace gitfs {

std::chrono::milliseconds backoff(const retry_limits& limits, unsigned failures, double random) {
  const unsigned doublings = std::min(failures, 20u);
  const auto ceiling = std::min(limits.longest, limits.first * (1L << doublings));
  const double share = 0.1 + 0.9 * random;
  return std::chrono::milliseconds{static_cast<long>(static_cast<double>(ceiling.count()) * share)};
}

retry_policy::retry_policy(retry_limits limits, clock::time_point deadline, random_source random)
  : limits_(limits),
    deadline_(deadline),
    random_(std::move(random)) {}

std::optional<std::chrono::milliseconds> retry_policy::next(clock::time_point now, std::chrono::seconds retry_after) {
  if (++failures_ >= limits_.attempts)
    return std::nullopt;
  auto wait = backoff(limits_, failures_ - 1, random_());
  if (retry_after.count() > 0) {
    // a server may ask for anything: compare, in seconds, before adding
    if (retry_after > std::chrono::ceil<std::chrono::seconds>(deadline_ - now))
      return std::nullopt;
    wait += retry_after;
  }
  if (wait >= deadline_ - now)
    return std::nullopt;
  return wait;
}

bool transient_status(long status) {
  constexpr long too_early = 425, too_many = 429, timeout = 408, not_implemented = 501, version = 505;
  return status == timeout || status == too_early || status == too_many
         || (status >= 500 && status <= 599 && status != not_implemented && status != version);
}

double random_unit() {
  thread_local std::minstd_rand engine{std::random_device{}()};
  return std::uniform_real_distribution<double>{0, 1}(engine);
}

} // namespace gitfs
