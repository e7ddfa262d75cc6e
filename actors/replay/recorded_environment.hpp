// The environment of a replay: it gives the recorded answers.
#pragma once

#include "actors/mount/environment.hpp"
#include "actors/mount/learned.hpp"
#include "actors/mount/mount_context.hpp"
#include "actors/replay/recording.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace gitfs {

/// Used by one thread. If a handler asks something else than it asked when it was recorded, the difference is noted,
/// and the answer is that nothing is here.
class recorded_environment final : public environment {
public:
  recorded_environment(const recording& from, mount_context& context) : from_(from), context_(context) {}

  /// The handler of the message with this order number asks the questions that follow.
  void begin(std::uint64_t order);
  /// That handler has returned. A sentence about how its questions differ from the recorded ones, if they do.
  std::optional<std::string> end();
  /// True once a handler needed a tree that is not in the recording.
  bool lacks_tree() const { return lacks_tree_; }

  result<object> read(const oid& id) override;
  bool contains(const oid& id) override;
  void sizes(std::span<const oid> ids, std::span<std::uint64_t> out) override;
  void sizes_here(std::span<const oid> ids, std::span<std::uint64_t> out) override;
  std::optional<object> cached_blob(const oid& id, std::uint64_t bytes) override;
  result<object> blob(const oid& id, std::uint64_t bytes) override;
  std::shared_ptr<const blob_file> blob_file_of(const oid& id) override;
  bool has_listing(const oid& tree) override;
  result<listing_ptr> listing(const oid& tree) override;
  std::optional<dir_slot> allocate(dir_slot parent, std::uint64_t ino, directory_location_ptr link) override;
  bool is_current(dir_slot slot, std::uint32_t generation) override;
  std::uint64_t slots() override;
  std::uint64_t listings_memory(std::uint64_t more) override;
  std::uint64_t kernel_requests() override;
  std::uint64_t prefetching(int change) override;
  void aside(const std::function<void()>&) override {}
  void load(const blob_load&, const std::function<void()>&) override {} // the recording has the end of the load

private:
  bool next(trace::question what, const oid* about = nullptr);
  void read_sizes(trace::question what, std::span<const oid> ids, std::span<std::uint64_t> out);
  std::uint64_t number();
  std::uint64_t perhaps(std::uint64_t none);
  void differs(std::string how);

  const recording& from_;
  mount_context& context_;
  trace::decoder answers_{{}};
  std::optional<std::string> difference_;
  bool lacks_tree_ = false;
};

} // namespace gitfs
