// One mount: what it shows, and its actors.
#pragma once

#include "actors/mount_context.hpp"
#include "backend/repository.hpp"
#include "config/error.hpp"
#include "config/options.hpp"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <memory>
#include <string>

namespace gitfs {

/// Scheduler settings for the actors that no FUSE thread runs.
void configure(caf::actor_system_config& config);

class filesystem {
public:
  /// Opens SOURCE at REF (blocks, see open_repository and repository::take) and starts the actors in `system`, which
  /// outlives this.
  static result<std::unique_ptr<filesystem>> open(const mount_options& options, caf::actor_system& system);
  ~filesystem();
  filesystem(const filesystem&) = delete;
  filesystem& operator=(const filesystem&) = delete;

  const std::shared_ptr<mount_context>& context() const { return context_; }
  const caf::actor& supervisor() const { return supervisor_; }
  /// SOURCE without credentials.
  const std::string& source() const { return source_; }
  /// "SOURCE REF at COMMIT", for people.
  const std::string& describe() const { return description_; }

  /// Ends every actor and waits for that: what is parked is answered with an error, what is on its way is cancelled.
  void end();

private:
  filesystem(caf::actor_system& system, std::shared_ptr<mount_context> context);
  void show(std::shared_ptr<repository> from, const snapshot_facts& what, const mount_options& options);

  caf::actor_system& system_;
  std::string source_, description_;
  std::shared_ptr<mount_context> context_;
  caf::actor supervisor_;
};

} // namespace gitfs
