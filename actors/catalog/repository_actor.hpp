// The actor of one repository in a mount with a tree above.
#pragma once

#include "actors/catalog/catalog.hpp"
#include "actors/model/mount_status.hpp"
#include "actors/mount/mount_context.hpp"
#include "actors/runtime/resilient_actor.hpp"
#include "backend/os/worker_pool.hpp"
#include "backend/remote/repository.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

namespace gitfs {

struct snapshot_resolved;

/// Opens its repository when the first of its refs is entered, and takes snapshots, both on worker threads; each ref
/// that is shown is a mounted ref. Owns the fetcher of the repository and the prefetchers of the mounted refs.
class repository_actor final : public resilient_actor {
public:
  using opener = std::function<result<std::shared_ptr<repository>>()>;

  /// `server`: whom what blocks waits for, so that others need not (worker_pool).
  repository_actor(caf::actor_config& cfg, std::shared_ptr<mount_context> context, repository_number number,
                   opener open, std::uint64_t trees_ahead, worker_pool& workers, std::string server,
                   const std::optional<opened_first>& first = {});

  const char* name() const override { return "repository"; }
  std::string describe() const override;

protected:
  caf::behavior make_behavior() override;
  void on_exit() override;

private:
  struct job {
    mount_node_number node = 0;
    std::string ref;
    std::string place;
    std::optional<oid> have;
    std::stop_source stop;
    caf::actor catalog;
    bool running = false;
  };

  void start(call_number call, job& what);
  void start_waiting();
  void add_status(mount_status& to) const;
  void resolved(const snapshot_resolved& m);
  void use(std::shared_ptr<repository> opened);
  shown_ptr show(const job& what, const snapshot_facts& facts);

  std::shared_ptr<mount_context> context_;
  const repository_number number_;
  const opener open_;
  const std::uint64_t trees_ahead_;
  worker_pool& workers_;
  const std::string server_;
  std::shared_ptr<mounted_repository> objects_; // none until it is open
  std::map<mount_node_number, std::shared_ptr<mounted_ref>> mounted_refs_;
  std::map<mount_node_number, shown_ptr> shows_; // what these show
  std::map<call_number, job> jobs_;
  call_number opening_ = 0; // the others wait for it
  struct failed {
    std::string message;
    std::int64_t at = 0; ///< seconds since 1970, for people alone
  };
  std::map<mount_node_number, failed> last_failures_;
  std::map<mount_node_number, std::int64_t> polled_at_; ///< last good look; seconds since 1970, for people alone
};

} // namespace gitfs
