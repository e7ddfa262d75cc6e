// A played system that is recorded, as a mount with --trace is.
#pragma once

#include "test/actors/played_system.hpp"

#include <cstdint>
#include <filesystem>

namespace gitfs::test {

/// One in a process: the recorder is the process's.
struct recorded_system : played_system {
  /// Records to `file` from here on. Throws if that cannot be made.
  explicit recorded_system(const std::filesystem::path& file);

  /// As a mount of that tree over the network begins. `prefetch`: with the prefetcher. `memory`: bytes.
  void begin(const oid& tree, bool prefetch = false, std::uint64_t memory = 64 << 20);
  /// Ends the actors and completes the file.
  void finish();

  /// What the kernel sends. `size`: the bytes that it has room for.
  request send(node_id node, decltype(kernel_op::what) what, request r = {}, std::uint64_t size = 4096);
  void forget(node_id node, std::uint64_t count);

  /// Until nobody but that actor has a message.
  void run_without(caf::actor_id one);
  caf::actor_id actor_in(dir_slot slot) const;
};

} // namespace gitfs::test
