// Asks a git server for its capabilities, once for all requests.
#pragma once

#include "backend/remote/capabilities.hpp"
#include "backend/remote/smart_http.hpp"
#include "config/error.hpp"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>

namespace gitfs {

/// The first operation that needs the capabilities asks for them. Operations that come meanwhile wait, and share a
/// failure. Thread-safe.
class capability_discovery {
public:
  /// `http` outlives this object. `assumed`: capabilities that are believed, without a request, until they are doubted.
  /// `told`: called with what the server has answered, on the thread of that operation.
  capability_discovery(smart_http& http, std::optional<capabilities> assumed,
                       std::function<void(const capabilities&)> told)
    : http_(http),
      told_(std::move(told)),
      known_(std::move(assumed)),
      began_assumed_(known_.has_value()),
      only_assumed_(began_assumed_) {}

  result<capabilities> get(operation& op);
  std::optional<capabilities> known() const;
  /// For an operation to which something was refused. If capabilities were only assumed, asks for them. True: it can be
  /// tried again, because the server has others than `can`, which it gets, or the answer led to where the repository is
  /// now.
  result<bool> correct(operation& op, capabilities& can);

private:
  bool doubt();

  smart_http& http_;
  const std::function<void(const capabilities&)> told_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::optional<capabilities> known_;
  error last_failure_;
  unsigned round_ = 0;
  bool asking_ = false;
  const bool began_assumed_;
  bool only_assumed_; ///< the server was not asked yet
};

} // namespace gitfs
