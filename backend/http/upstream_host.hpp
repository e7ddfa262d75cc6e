// The state of one host that all requests to it share: which request may be made now, which waits, and what is logged.
#pragma once

#include "backend/http/host_health.hpp"
#include "backend/http/http_attempt.hpp"
#include "config/error.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <ctime>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

namespace gitfs {

/// Thread-safe.
class upstream_host {
public:
  using clock = host_health::clock;

  explicit upstream_host(std::string name) : name_(std::move(name)) {}
  upstream_host(const upstream_host&) = delete;
  upstream_host& operator=(const upstream_host&) = delete;

  /// Returns when a request may be made. If the host is away or wants fewer requests, that is when one of the waiting
  /// requests has found that it answers again. ECANCELED: stopped. EHOSTDOWN: `patience` or `deadline` has passed.
  result<void> wait_for_turn(const attempt_plan& plan, const std::stop_token& stop, clock::time_point deadline);

  /// The host has answered a request. `answers` counts the answers.
  void answered();
  std::uint64_t answers() const;

  /// Finds out whose fault a doubtful failure was, of a request that was made when `answers` was `before`. The result
  /// is `alone` if another request has been answered since, or a small one is answered now; else the failure remains
  /// doubtful.
  failure_kind settle(const attempt_failure& failure, std::uint64_t before, const attempt_plan& plan,
                      const std::stop_token& stop, clock::time_point deadline);

  /// A request has failed by the host's fault. True: the request is made again after `wait_for_turn`. False: the host
  /// has never answered, so it perhaps does not exist, and the request does not wait for it.
  bool failed(const attempt_failure& failure, const attempt_plan& plan);

  /// False: it is away or wants fewer requests.
  bool there() const;

private:
  // The caller of these holds the mutex.
  void note(const attempt_failure& failure, const attempt_plan& plan, bool by_probe);
  void note_answer();
  void changed();
  void run_probe(std::unique_lock<std::mutex>& lock, const attempt_plan& plan, const std::stop_token& stop);
  error reason() const;

  const std::string name_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::uint64_t changes_ = 0;
  host_health health_;
  bool settling_ = false;               ///< a request finds out whose fault a doubtful failure was
  std::optional<std::uint64_t> silent_; ///< `answers` when such a request got no answer
  std::string why_;                     ///< why the host is away or busy
  std::time_t since_ = 0;               ///< since when, for people
  bool logged_ = false;                 ///< the log says so
};

/// The hosts of one process. Thread-safe; a host lives as long as this table.
class host_table {
public:
  /// The host of `url`, by scheme, name and port.
  upstream_host& of(const std::string& url);

private:
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<upstream_host>> hosts_;
};

} // namespace gitfs
