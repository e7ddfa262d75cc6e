// Asks a git server for its capabilities, once for all requests.
#pragma once

#include "backend/remote/capabilities.hpp"
#include "backend/remote/smart_http.hpp"
#include "config/error.hpp"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

namespace gitfs {

/// The first operation that needs the capabilities asks for them. Operations that come meanwhile wait, and share a
/// failure. Thread-safe.
class capability_discovery {
public:
  /// `http` outlives this object. `assumed`: capabilities that are believed, without a request, until they are doubted.
  capability_discovery(smart_http& http, std::optional<capabilities> assumed)
    : http_(http),
      known_(std::move(assumed)),
      only_assumed_(known_.has_value()) {}

  result<capabilities> get(operation& op);
  std::optional<capabilities> known() const;
  /// Drops capabilities that were only assumed; the next operation asks for them. True if they were only assumed.
  bool doubt();

private:
  smart_http& http_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::optional<capabilities> known_;
  error last_failure_;
  unsigned round_ = 0;
  bool asking_ = false;
  bool only_assumed_ = false; ///< the server was not asked yet
};

} // namespace gitfs
