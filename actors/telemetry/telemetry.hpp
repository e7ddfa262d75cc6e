// What a mount tells the world about itself, if it was asked to.
#pragma once

#include "actors/mount/mount_context.hpp"
#include "config/error.hpp"
#include "config/options.hpp"

#include <memory>
#include <string>

namespace gitfs {

/// The ring needs this much for spans, in bytes: a tenth of a second of the fastest walk.
inline constexpr std::uint64_t telemetry_ring = std::uint64_t{8} << 20;

/// Sends spans and metrics to collectors, and serves metrics, as flags and environment say; idle if they say nothing.
class telemetry {
public:
  /// Whether the flags or the environment name a collector for spans, which then needs what actors do to be recorded.
  static bool wants_records(const mount_options& options);

  /// After recording has begun, and before the first kernel request. Logs what is wrong in the environment. The errors
  /// are those of listening.
  static result<std::unique_ptr<telemetry>>
  start(const mount_options& options, const std::shared_ptr<mount_context>& context, const std::string& source);
  /// Sends what is left, for at most two seconds; after the last actor has ended.
  ~telemetry();
  telemetry(const telemetry&) = delete;
  telemetry& operator=(const telemetry&) = delete;

private:
  struct state;
  explicit telemetry(std::unique_ptr<state> impl);
  std::unique_ptr<state> impl_;
};

} // namespace gitfs
