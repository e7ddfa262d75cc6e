#include "test/tools/recorded_system.hpp"

#include "actors/catalog/mounting.hpp"
#include "actors/inode/supervisor.hpp"
#include "actors/model/inode_number.hpp"
#include "actors/model/kernel_operations.hpp"
#include "actors/mount/learned.hpp"
#include "actors/replay/replayed_reply.hpp"
#include "actors/runtime/route.hpp"
#include "actors/trace/record/recorder.hpp"

#include <caf/local_actor.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace gitfs::test {

namespace {

// Tells the recorder what the kernel is told, and the test too.
class reply_to_both final : public reply_sink {
public:
  reply_to_both(std::unique_ptr<replayed_reply> kernel, reply test)
    : kernel_(std::move(kernel)),
      test_(std::move(test)) {}

  void error(int code) override {
    both([&](auto& to) { to.error(code); });
  }
  void absent() override {
    both([&](auto& to) { to.absent(); });
  }
  bool entry(const node_entry& e) override {
    (void)test_.entry(e);
    return kernel_->entry(e);
  }
  void attr(const node_attr& a) override {
    both([&](auto& to) { to.attr(a); });
  }
  void link(std::string_view target) override {
    both([&](auto& to) { to.link(target); });
  }
  void data(const object& blob, std::uint64_t offset, std::size_t size) override {
    both([&](auto& to) { to.data(blob, offset, size); });
  }
  void file(const blob_file& blob, std::uint64_t offset, std::size_t size) override {
    both([&](auto& to) { to.file(blob, offset, size); });
  }
  void xattr(std::string_view value) override {
    both([&](auto& to) { to.xattr(value); });
  }
  bool dirent(std::string_view name, const node_attr& attr, const node_entry* node, std::uint64_t next) override {
    return kernel_->dirent(name, attr, node, next) && test_.dirent(name, attr, node, next);
  }
  bool dirents_end() override {
    (void)test_.dirents_end();
    return kernel_->dirents_end();
  }
  std::uint64_t request_id() const override { return kernel_->request_id(); }
  void on_interrupt(std::function<void()> f) override { test_.on_interrupt(std::move(f)); }

private:
  template <class Tell>
  void both(Tell tell) {
    tell(*kernel_);
    tell(test_);
  }

  std::unique_ptr<replayed_reply> kernel_;
  reply test_;
};

} // namespace

recorded_system::recorded_system(const std::filesystem::path& file) {
  std::filesystem::remove(file); // else it would be kept beside
  if (auto begun = trace::start_recording({0, file, std::uint64_t{1} << 30}); !begun)
    throw std::runtime_error{begun.error().message};
}

void recorded_system::begin(const oid& tree, bool prefetch, std::uint64_t memory) {
  constexpr std::uint64_t trees_ahead = 1 << 20;
  context = std::make_shared<mount_context>(std::make_shared<memory_budget>(memory), temp.path(), prefetch);
  trace::mounted({oid{}, tree, prefetch, true, prefetch ? trees_ahead : 0, context->memory.total()});
  auto objects = add_repository(*context, 0, db);
  start_fetcher(*system, context, objects, server, prefetch ? trees_ahead : 0);
  show_at_root(*context, add_mounted_ref(*system, context, 0, objects), {oid{}, tree, 0, {}});
  fetcher = objects->fetcher;
  supervisor = system->spawn<supervisor_actor>(context);
  run();
}

void recorded_system::begin(deployment tree, catalog::forges forges, decltype(catalog_actor::needs::open) open) {
  constexpr std::uint64_t memory = 64 << 20, trees_ahead = 1 << 20;
  context = std::make_shared<mount_context>(std::make_shared<memory_budget>(memory), temp.path(), true);
  trace::mounted({oid{}, oid{}, true, true, trees_ahead, context->memory.total()});
  trace::shown_sources none;
  trace::shown(tree, none);
  context->inodes.allocate(no_slot, root_ino, std::make_shared<directory_location>());
  catalog_actor::needs needs;
  needs.tree = std::make_shared<const deployment>(std::move(tree));
  needs.forges = std::move(forges);
  needs.open = std::move(open);
  needs.trees_ahead = trees_ahead;
  needs.workers = &workers;
  catalog_of_all = system->spawn<catalog_actor>(context, std::move(needs));
  context->supervisor = supervisor = system->spawn<supervisor_actor>(context, catalog_of_all);
  run();
}

void recorded_system::finish() {
  if (catalog_of_all) {
    for (caf::actor* each : {&supervisor, &catalog_of_all}) {
      caf::anon_send_exit(*each, caf::exit_reason::user_shutdown);
      *each = nullptr;
    }
    run();
  }
  end();
  trace::stop_recording();
}

request recorded_system::send(node_address node, decltype(kernel_op::what) what, request r, std::uint64_t size) {
  r.id = next_request_id();
  const auto* listing = std::get_if<readdir_op>(&what);
  const kernel_operation_row& row = row_of(what);
  trace::request_record recorded{.op = row.number};
  row.put(what, recorded);
  recorded.request = r.id;
  recorded.node = node.number();
  recorded.size = size;
  const trace::because_of edge{trace::kernel_request(recorded)};
  auto kernel = std::make_unique<replayed_reply>(r.id, size, listing != nullptr && listing->plus, r.unwanted);
  reply both{std::make_unique<reply_to_both>(std::move(kernel), r.make())};
  send_to_directory(*context, supervisor, node.dir, kernel_op{std::move(both), node.child, std::move(what)}, nullptr);
  return r;
}

void recorded_system::forget(node_address node, std::uint64_t count) {
  const trace::because_of edge{trace::kernel_forget(node.number(), count)};
  played_system::forget(node, count);
}

void recorded_system::run_without(caf::actor_id one) {
  auto& jobs = scheduler().jobs;
  for (;;) {
    const auto at = std::ranges::find_if(jobs, [one](caf::resumable* job) {
      const auto* actor = dynamic_cast<const caf::local_actor*>(job);
      return actor == nullptr || actor->id() != one;
    });
    if (at == jobs.end())
      return;
    std::rotate(jobs.begin(), at, at + 1);
    scheduler().run_once();
  }
}

caf::actor_id recorded_system::actor_in(dir_slot slot) const {
  const caf::actor_control_block* live = context->inodes.actor_of(slot);
  return live == nullptr ? caf::actor_id{0} : live->id();
}

} // namespace gitfs::test
