#include "actors/surroundings.hpp"

#include "actors/mount_context.hpp"

#include <utility>

namespace gitfs {

namespace {

class live final : public surroundings {
public:
  explicit live(mount_context& context) : context_(context) {}

  result<object> read(const oid& id) override { return context_.db->read(id); }
  bool contains(const oid& id) override { return context_.db->contains(id); }
  void sizes(std::span<const oid> ids, std::span<std::uint64_t> out) override { context_.db->sizes(ids, out); }
  void sizes_in(const oid& tree, std::span<const oid> ids, std::span<std::uint64_t> out) override {
    context_.db->sizes_in(tree, ids, out);
  }

  std::optional<object> cached_blob(const oid& id, std::uint64_t bytes) override {
    return context_.blobs.cached(id, bytes);
  }
  result<object> blob(const oid& id, std::uint64_t bytes) override { return context_.blobs.read(id, bytes); }
  std::shared_ptr<const spooled_blob> spooled(const oid& id) override { return context_.spooled.find(id); }
  bool has_listing(const oid& tree) override { return context_.listings.contains(tree); }
  result<listing_ptr> listing(const oid& tree) override { return context_.listings.take(tree); }

  std::optional<dir_slot> allocate(dir_slot parent, dir_link_ptr link) override {
    return context_.inodes.allocate(parent, std::move(link));
  }
  bool is_current(dir_slot slot, std::uint32_t generation) override {
    return context_.inodes.in_use(slot) && context_.inodes.generation_of(slot) == generation;
  }
  std::uint64_t slots() override { return context_.inodes.slots(); }

  std::uint64_t listings_memory(std::uint64_t more) override {
    return context_.memory.add(memory_budget::kind::listings, more);
  }
  std::uint64_t kernel_requests() override { return context_.counts.kernel_requests(); }

  void aside(const std::function<void()>& start) override { start(); }
  void load(const blob_load&, const std::function<void()>& start) override { start(); }

private:
  mount_context& context_;
};

} // namespace

std::unique_ptr<surroundings> live_surroundings(mount_context& context) {
  return std::make_unique<live>(context);
}

} // namespace gitfs
