#include "backend/http/host_health.hpp"

#include <algorithm>
#include <utility>

namespace gitfs {

host_health::host_health(retry_limits pauses, retry_policy::random_source random)
  : pauses_(pauses),
    random_(std::move(random)) {}

std::chrono::milliseconds host_health::next_pause() {
  return pause_ = backoff(pauses_, steps_++, random_());
}

host_health::advice host_health::ask(clock::time_point now, std::chrono::milliseconds patience) const {
  if (state_ == state::there)
    return {turn::go};
  const bool expired = state_ == state::away && now >= since_ + patience;
  if (expired) // with each that asks, if they come one by one: a host that is back is to be noticed at once
    return {probing_ ? turn::fail : turn::last_probe};
  const clock::time_point end = state_ == state::away ? since_ + patience : clock::time_point::max();
  if (probing_)
    return {turn::wait, end};
  if (now >= next_try_)
    return {turn::probe};
  return {turn::wait, std::min(next_try_, end)};
}

std::optional<std::chrono::milliseconds> host_health::answered(clock::time_point now) {
  ++answers_;
  probing_ = false;
  const state before = std::exchange(state_, state::there);
  if (before != state::away)
    return std::nullopt;
  steps_ = 0;
  return std::chrono::duration_cast<std::chrono::milliseconds>(now - since_);
}

void host_health::is_away(clock::time_point now, bool by_probe) {
  if (by_probe)
    probing_ = false;
  else if (state_ == state::away)
    return; // a request that was on its way
  if (state_ != state::away) {
    since_ = now;
    steps_ = 0;
  }
  state_ = state::away;
  next_try_ = now + next_pause();
}

void host_health::is_busy(clock::time_point now, std::chrono::seconds retry_after, std::chrono::milliseconds patience,
                          bool by_probe) {
  // compared before it is turned into a finer unit, for a server may ask for anything
  const auto wait = std::chrono::milliseconds{
      std::min(retry_after, std::chrono::ceil<std::chrono::seconds>(std::max(patience, std::chrono::milliseconds{0})))};
  if (by_probe) {
    probing_ = false;
  } else if (state_ == state::busy) { // one of many that were on their way: they count once
    next_try_ = std::max(next_try_, now + wait);
    return;
  }
  // A pause after which all goes well for as long again has been enough; else the next one is longer.
  if (state_ == state::away || now > busy_until_ + pause_)
    steps_ = 0;
  state_ = state::busy;
  next_try_ = busy_until_ = now + wait + next_pause();
}

} // namespace gitfs
