// Telemetry of a mount, if the user has asked for it.
#pragma once

#include "actors/mount/mount_context.hpp"
#include "config/error.hpp"
#include "config/options.hpp"

#include <memory>
#include <string>

namespace gitfs {

/// The size of the ring that spans need, in bytes: it holds the records of a tenth of a second of the fastest walk.
inline constexpr std::uint64_t telemetry_ring = std::uint64_t{8} << 20;

/// Sends spans and metrics to collectors, and serves metrics, as flags and environment variables say. Does nothing if
/// these name nobody.
class telemetry {
public:
  /// True if flags or environment name a collector for spans. Then the mount must record what its actors do.
  static bool wants_records(const mount_options& options);

  /// Called after recording has begun, and before the first kernel request. Logs mistakes in the environment variables.
  /// The errors are those of listening for metrics.
  static result<std::unique_ptr<telemetry>>
  start(const mount_options& options, const std::shared_ptr<mount_context>& context, const std::string& source);
  /// Sends what is left, for at most two seconds. Called after the last actor has ended.
  ~telemetry();
  telemetry(const telemetry&) = delete;
  telemetry& operator=(const telemetry&) = delete;

private:
  struct state;
  explicit telemetry(std::unique_ptr<state> impl);
  std::unique_ptr<state> impl_;
};

} // namespace gitfs
