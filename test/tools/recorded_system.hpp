// A played system that is recorded, as a mount with --trace is.
#pragma once

#include "actors/catalog/catalog_actor.hpp"
#include "test/actors/support/played_system.hpp"

#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>

namespace gitfs::test {

/// Worker threads whose jobs are done when the test says so.
class played_workers final : public worker_pool {
public:
  void run(std::function<void()> job, const std::string&) override { jobs.push_back(std::move(job)); }
  void do_all() {
    for (; !jobs.empty(); jobs.pop_front())
      jobs.front()();
  }
  std::deque<std::function<void()>> jobs;
};

/// One in a process: the recorder is the process's.
struct recorded_system : played_system {
  /// Records to `file` from here on. Throws if that cannot be made.
  explicit recorded_system(const std::filesystem::path& file);

  /// As a mount of that tree over the network begins. `prefetch`: with the prefetcher. `memory`: bytes.
  void begin(const oid& tree, bool prefetch = false, std::uint64_t memory = 64 << 20);
  /// As a mount of that tree begins.
  void begin(deployment tree, catalog::forges forges, decltype(catalog_actor::needs::open) open);
  /// Ends the actors and completes the file.
  void finish();

  /// What the kernel sends. `size`: the bytes that it has room for.
  request send(node_address node, decltype(kernel_op::what) what, request r = {}, std::uint64_t size = 4096);
  void forget(node_address node, std::uint64_t count);

  /// Until nobody but that actor has a message.
  void run_without(caf::actor_id one);
  caf::actor_id actor_in(dir_slot slot) const;

  played_workers workers;
  caf::actor catalog_of_all; ///< of a tree
};

} // namespace gitfs::test
