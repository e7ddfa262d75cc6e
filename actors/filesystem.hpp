// One mounted snapshot: its objects, its upstream, its actors.
#pragma once

#include "actors/mount_context.hpp"
#include "backend/snapshot.hpp"
#include "config/error.hpp"
#include "config/options.hpp"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace gitfs {

/// Scheduler settings for the actors that no FUSE thread runs.
void configure(caf::actor_system_config& config);

class filesystem {
public:
  /// Opens SOURCE at REF (blocks, see open_snapshot) and starts the actors in `system`, which outlives this.
  static result<std::unique_ptr<filesystem>> open(const mount_options& options, caf::actor_system& system);
  ~filesystem();
  filesystem(const filesystem&) = delete;
  filesystem& operator=(const filesystem&) = delete;

  const std::shared_ptr<mount_context>& context() const { return context_; }
  const caf::actor& supervisor() const { return supervisor_; }
  /// The commit's time, seconds since 1970.
  std::int64_t time() const { return what_.time; }
  /// SOURCE without credentials.
  const std::string& source() const { return what_.display; }
  /// "SOURCE REF at COMMIT", for people.
  std::string describe() const;

  /// Ends every actor and waits for that: what is parked is answered with an error, what is on its way is cancelled.
  void end();

private:
  filesystem(caf::actor_system& system, snapshot what, const mount_options& options,
             std::shared_ptr<memory_budget> memory);

  caf::actor_system& system_;
  snapshot what_;
  std::shared_ptr<mount_context> context_;
  caf::actor fetcher_, prefetcher_, supervisor_;
};

} // namespace gitfs
