#include "actors/mount/environment.hpp"

#include "actors/mount/mount_context.hpp"
#include "actors/trace/record/stamp.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace gitfs {

namespace {

class above_all : public environment {
public:
  explicit above_all(mount_context& context) : context_(context) {}

  result<object> read(const oid&) override { return nothing(); }
  bool contains(const oid&) override { return false; }
  void sizes(std::span<const oid>, std::span<std::uint64_t> out) override { std::ranges::fill(out, unknown_size); }

  std::optional<object> cached_blob(const oid&, std::uint64_t) override { return std::nullopt; }
  result<object> blob(const oid&, std::uint64_t) override { return nothing(); }
  std::shared_ptr<const blob_file> blob_file_of(const oid&) override { return nullptr; }
  bool has_listing(const oid&) override { return false; }
  result<listing_ptr> listing(const oid&) override { return nothing(); }

  std::optional<dir_slot> allocate(dir_slot parent, std::uint64_t ino, directory_location_ptr link) final {
    return context_.inodes.allocate(parent, ino, std::move(link), trace::cause_now);
  }
  bool is_current(dir_slot slot, std::uint32_t generation) final {
    return context_.inodes.in_use(slot) && context_.inodes.generation_of(slot) == generation;
  }
  std::uint64_t slots() final { return context_.inodes.slots(); }

  std::uint64_t listings_memory(std::uint64_t more) final {
    return context_.memory.add(memory_budget::kind::listings, more);
  }
  std::uint64_t prefetching(int change) final {
    return context_.prefetching.fetch_add(static_cast<std::uint64_t>(static_cast<std::int64_t>(change)))
           + static_cast<std::uint64_t>(static_cast<std::int64_t>(change));
  }
  std::uint64_t kernel_requests() final { return context_.counts.kernel_requests(); }

  void aside(const std::function<void()>& start) final { start(); }
  void load(const blob_load&, const std::function<void()>& start) final { start(); }

private:
  static error nothing() { return {ENOENT, "there are no objects above the repositories"}; }

  mount_context& context_;
};

class of_repository final : public above_all {
public:
  of_repository(mount_context& context, mounted_repository& of) : above_all(context), of_(of) {}

  result<object> read(const oid& id) override { return of_.db->read(id); }
  result<parsed_tree> read_tree(const oid& tree) override { return of_.db->read_tree(tree); }
  bool contains(const oid& id) override { return of_.db->contains(id); }
  void sizes(std::span<const oid> ids, std::span<std::uint64_t> out) override { of_.db->sizes(ids, out); }
  void sizes_in(const oid& tree, std::span<const oid> ids, std::span<std::uint64_t> out) override {
    of_.db->sizes_in(tree, ids, out);
  }

  std::optional<object> cached_blob(const oid& id, std::uint64_t bytes) override { return of_.blobs.cached(id, bytes); }
  result<object> blob(const oid& id, std::uint64_t bytes) override { return of_.blobs.read(id, bytes); }
  std::shared_ptr<const blob_file> blob_file_of(const oid& id) override { return of_.large_blobs.find(id); }
  bool has_listing(const oid& tree) override { return of_.listings.contains(tree); }
  result<listing_ptr> listing(const oid& tree) override { return of_.listings.take(tree); }

private:
  mounted_repository& of_;
};

} // namespace

std::unique_ptr<environment> live_environment(mount_context& context, mounted_repository* objects) {
  if (objects == nullptr)
    return std::make_unique<above_all>(context);
  return std::make_unique<of_repository>(context, *objects);
}

} // namespace gitfs
