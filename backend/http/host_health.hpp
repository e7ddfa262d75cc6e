// Whether one host answers, as all requests to it have learned together. Plain logic: it reads no clock and takes no
// lock.
#pragma once

#include "backend/http/retry.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

namespace gitfs {

/// Without this class each of many requests would find out by itself that a host is away, and each would wait in vain
/// for as long. Not thread-safe: `upstream_host` is its face for threads.
class host_health {
public:
  using clock = std::chrono::steady_clock;

  explicit host_health(retry_limits pauses = {}, retry_policy::random_source random = random_unit);

  /// What a request to the host has to do now.
  enum class turn : std::uint8_t {
    go,         ///< the request is made
    wait,       ///< the request asks again at `advice::until`, or when something has changed
    probe,      ///< the request probes whether the host answers again: it is time, and no other request does so
    last_probe, ///< the same, and the request fails if the host does not answer
    fail,       ///< the request fails, because the host has been away for longer than requests wait for it
  };
  struct advice {
    turn what;
    clock::time_point until{}; ///< only for `wait`
  };
  /// `patience`: how long requests wait for a host, counted from when it went away.
  advice ask(clock::time_point now, std::chrono::milliseconds patience) const;

  /// A request that was told to probe calls `probe_begins`, and then one of the three functions below with `by_probe`,
  /// or `probe_given_up`.
  void probe_begins() { probing_ = true; }
  void probe_given_up() { probing_ = false; }

  /// The host has answered something. Returns how long it was away, if it was.
  std::optional<std::chrono::milliseconds> answered(clock::time_point now);
  /// The host does not answer. Of many requests that find this out together the first counts, and after that each
  /// probe.
  void is_away(clock::time_point now, bool by_probe);
  /// The host asks for fewer requests. `retry_after`: for how long it wants none, 0 if it does not say. If that is
  /// longer than `patience`, the host is asked again after `patience`.
  void is_busy(clock::time_point now, std::chrono::seconds retry_after, std::chrono::milliseconds patience,
               bool by_probe);

  bool there() const { return state_ == state::there; }
  bool busy() const { return state_ == state::busy; }
  bool has_answered() const { return answers_ != 0; }
  /// The number of answers so far.
  std::uint64_t answers() const { return answers_; }
  /// How many times in a row the host did not answer.
  unsigned failures() const { return state_ == state::away ? steps_ : 0; }
  /// When the next request may be made to a host that is away or busy.
  clock::time_point next_try() const { return next_try_; }

private:
  enum class state : std::uint8_t { there, away, busy };

  std::chrono::milliseconds next_pause();

  const retry_limits pauses_;
  const retry_policy::random_source random_;
  state state_ = state::there;
  bool probing_ = false;
  unsigned steps_ = 0; ///< pauses since it went away or became busy
  std::uint64_t answers_ = 0;
  clock::time_point since_{};          ///< when the host went away
  clock::time_point next_try_{};       ///< only while it is away or busy
  clock::time_point busy_until_{};     ///< the end of the last pause of a busy host
  std::chrono::milliseconds pause_{0}; ///< the last one
};

} // namespace gitfs
