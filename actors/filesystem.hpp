// One mount: what it shows, and its actors.
#pragma once

#include "actors/mount/mount_context.hpp"
#include "actors/trace/record/recorder.hpp"
#include "backend/forge/forge_tree.hpp"
#include "backend/open/backend_services.hpp"
#include "backend/os/worker_pool.hpp"
#include "backend/remote/repository.hpp"
#include "config/deployment.hpp"
#include "config/error.hpp"
#include "config/options.hpp"
#include "config/secret.hpp"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

namespace gitfs {

/// Scheduler settings for the actors that no FUSE thread runs.
void configure(caf::actor_system_config& config);

/// Parts that a test may replace.
struct deployment_parts {
  /// Reads a secret. The secret may be another one at each call.
  std::function<result<std::string>(const secret_place&)> read_secret = gitfs::read_secret;
  /// Makes a forge, without a request. Unset: gitfs::make_forge.
  std::function<result<std::shared_ptr<forge_tree>>(const shown_forge&)> make_forge;
};

class filesystem {
public:
  /// Starts the actors in `system`, which outlives this object. A mount of one repository opens SOURCE at REF first,
  /// which blocks: see open_repository and repository::resolve. A mount of `options.tree` asks no server anything; a
  /// repository is opened when somebody enters it. A tree that is one repository at the mountpoint itself is treated as
  /// SOURCE and REF. ECANCELED: `stop` was requested.
  static result<std::unique_ptr<filesystem>> open(const mount_options& options, caf::actor_system& system,
                                                  const deployment_parts& parts = {}, std::stop_token stop = {});
  ~filesystem();
  filesystem(const filesystem&) = delete;
  filesystem& operator=(const filesystem&) = delete;

  /// The actor that takes refresh_refs and reload_tree. Null: nothing is followed, and there is no config file.
  const caf::actor& catalog() const { return catalog_; }
  /// Shows another tree; the mount must have a catalog. `done` is called on any thread, with false if the mountpoint
  /// itself cannot become what it is in that tree. Errors are those of deployment_parts::make_forge; then nothing has
  /// changed.
  result<void> reload(const deployment& tree, std::function<void(bool)> done);

  const std::shared_ptr<mount_context>& context() const { return context_; }
  const caf::actor& supervisor() const { return supervisor_; }
  /// Full name of the ref that a mount of one repository began with; empty: a commit id, or a tree of repositories.
  const std::string& ref() const { return ref_; }
  /// SOURCE without credentials. If the mount shows a tree of repositories: the program's name.
  const std::string& source() const { return source_; }
  /// "SOURCE REF at COMMIT", for people.
  const std::string& describe() const { return description_; }

  /// Ends every actor and waits for that. Parked requests are answered with an error, and transfers are cancelled.
  void end();

private:
  filesystem(caf::actor_system& system, std::shared_ptr<mount_context> context, deployment_parts parts);
  opened_first show_first(std::shared_ptr<repository> from, const snapshot_facts& what, const mount_options& options);
  result<void> show_tree(const deployment& tree, const mount_options& options, std::optional<opened_first> first);
  void begin(const snapshot_facts& root, bool remote, const mount_options& options);

  caf::actor_system& system_;
  const std::shared_ptr<backend_services> services_ = std::make_shared<backend_services>(); // destroyed last
  deployment_parts parts_;
  std::string source_, ref_, description_;
  trace::shown_sources shown_;
  std::shared_ptr<mount_context> context_;
  caf::actor supervisor_, catalog_;
  std::optional<worker_pool> workers_; // only in a mount of a tree of repositories
};

} // namespace gitfs
