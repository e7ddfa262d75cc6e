// The actor of the tree above the repositories: the message face of catalog.
#pragma once

#include "actors/catalog/catalog.hpp"
#include "actors/catalog/repository_actor.hpp"
#include "actors/model/mount_status.hpp"
#include "actors/mount/mount_context.hpp"
#include "actors/runtime/resilient_actor.hpp"
#include "backend/os/worker_pool.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

namespace gitfs {

/// Makes the repository of an entry of the deployment; asks no server anything. Any thread.
using entry_opener = std::function<result<std::shared_ptr<repository>>(const shown_repository&)>;

/// Asks forges on worker threads; makes an actor for each repository that somebody has entered, and ends these with
/// itself.
class catalog_actor final : public resilient_actor, private catalog_port {
public:
  struct needs {
    std::shared_ptr<const deployment> tree; ///< at first
    catalog::forges forges{};
    entry_opener open;
    std::uint64_t trees_ahead = 0; ///< as fetcher_actor
    std::optional<opened_first> first{};
    worker_pool* workers = nullptr; ///< outlives the actor's life, not the object: jobs may hold that
  };

  catalog_actor(caf::actor_config& cfg, std::shared_ptr<mount_context> context, needs with);

  const char* name() const override { return "catalog"; }
  std::string describe() const override { return catalog_.describe(); }

protected:
  caf::behavior make_behavior() override;
  void on_exit() override;

private:
  void tell(const mount_node_asker& who, mount_node_answer answer) override;
  void resolve(call_number call, mount_node_number node, repository_number number, const repository_origin& from,
               const std::string& ref, const std::optional<oid>& have) override;
  void own(repository_number number, const repository_origin& from) override;
  void stop_resolving(call_number call, repository_number number) override;
  void ask_forge(call_number call, mount_node_number node, std::shared_ptr<forge_tree> forge,
                 std::vector<std::string> path, std::string name) override;
  void stop_asking(call_number call) override;
  void close(repository_number number) override;
  void forget(mount_node_number node) override { entered_.erase(node); }
  caf::actor spawn(repository_number number, const repository_origin& from, const std::optional<opened_first>& first);
  void report(call_number call, const error* failure);
  void add_status(mount_status& to) const;
  void retry_later(mount_node_number node) override;
  void poll_later(mount_node_number node, std::uint64_t timer, std::chrono::milliseconds in) override;
  bool is_current(const relinked& directory) override;
  void relink(std::vector<relinked> directories) override;
  void change_entries(const relinked& directory, mount_node_answer now, std::vector<std::string> replaced) override;
  std::shared_ptr<mount_node_move> begin_move() override;
  void refreshed(refresh_number number, const refresh_report& report) override;

  std::shared_ptr<mount_context> context_;
  const needs with_;
  std::shared_ptr<const deployment> tree_; // that is shown now
  catalog catalog_;
  std::map<mount_node_asker, caf::weak_actor_ptr> asking_;
  std::map<repository_number, caf::actor> repositories_;
  struct asking {
    std::string what; // the forge, and the name that is looked up
    std::string at;   // where the forge is in the mount
    std::stop_source stop;
  };
  std::map<call_number, asking> calls_;     // of forges
  std::map<std::string, std::string> said_; // the last failure of each of those
  struct failed {
    std::string message;
    std::int64_t at = 0; ///< seconds since 1970, for people alone
  };
  std::map<std::string, failed> failures_; // the last of each forge, by where it is
  std::map<refresh_number, std::function<void(int, const std::string&)>> refreshes_;
  struct entered {
    std::string path, ref;
  };
  std::map<mount_node_number, entered> entered_; // by somebody, and then opened or not
};

} // namespace gitfs
