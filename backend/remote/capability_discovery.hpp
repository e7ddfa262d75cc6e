// What a git server can do, asked once.
#pragma once

#include "backend/remote/capabilities.hpp"
#include "backend/remote/smart_http.hpp"
#include "config/error.hpp"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

namespace gitfs {

/// Asks for the capabilities once, whoever needs them first; who comes meanwhile waits and shares a failure.
/// Thread-safe.
class capability_discovery {
public:
  /// `http` outlives it. `assumed`: what is not asked before it is doubted.
  capability_discovery(smart_http& http, std::optional<capabilities> assumed)
    : http_(http),
      known_(std::move(assumed)),
      only_assumed_(known_.has_value()) {}

  result<capabilities> get(operation& op);
  std::optional<capabilities> known() const;
  /// True if what was known so far was only assumed: who needs it next asks.
  bool doubt();

private:
  smart_http& http_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::optional<capabilities> known_;
  error last_failure_;
  unsigned round_ = 0;
  bool asking_ = false;
  bool only_assumed_ = false; ///< nobody has asked
};

} // namespace gitfs
