// The actors together, under CAF's test coordinator: a kernel, a server and a scheduler that the test plays.
#pragma once

#include "actors/model/node_id.hpp"
#include "actors/mount/mount_context.hpp"
#include "backend/remote/upstream.hpp"
#include "test/actors/support/fakes.hpp"
#include "test/support/temp_dir.hpp"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace gitfs::test {

/// A server that answers when the test says so. Cancelling is recorded, and answered as the real one does.
class scripted_upstream final : public upstream {
public:
  struct running {
    fetch_request request;
    std::vector<oid> sizes_of;
    transfer_callback done;
    bool cancelled = false;
  };

  std::unique_ptr<transfer> fetch(fetch_request request, transfer_callback done) override;
  std::unique_ptr<transfer> object_info(std::vector<oid> ids, transfer_callback done,
                                        std::string traceparent = {}) override;
  const std::string& display_name() const override { return name_; }

  /// Answers the transfer, unless it was cancelled.
  void answer(std::size_t index, transfer_outcome outcome);

  std::vector<std::shared_ptr<running>> transfers;
  int failures = 0; ///< so many of the next requests throw

private:
  struct handle;
  std::unique_ptr<transfer> begin(running r);

  std::string name_ = "server";
};

struct played_system {
  played_system();
  ~played_system();

  /// Starts the actors of a mount of that tree. Without a prefetcher; `prefetch`: directories want ahead by themselves.
  /// `memory`: the budget, in bytes.
  void open(const oid& tree, bool prefetch = true, std::uint64_t memory = 64 << 20);
  void end();

  caf::scheduler::test_coordinator& scheduler();
  /// Until no actor has a message.
  void run() { scheduler().run(); }
  /// One step of an actor that the generator chooses.
  void run_any(std::mt19937& random);

  request send(node_address node, decltype(kernel_op::what) what, request r = {});
  void forget(node_address node, std::uint64_t count);

  /// Of all directories.
  std::uint64_t leaves_in_use() const;
  std::uint64_t live_directories() const { return context->counts.value(counter::directories_live); }

  std::shared_ptr<memory_db> db = std::make_shared<memory_db>();
  std::shared_ptr<scripted_upstream> server = std::make_shared<scripted_upstream>();
  caf::actor_system_config config;
  std::optional<caf::actor_system> system;
  std::shared_ptr<mount_context> context;
  caf::actor fetcher, supervisor;
  temp_dir temp;
};

} // namespace gitfs::test
