#include "test/actors/support/played_system.hpp"

#include "actors/catalog/mounting.hpp"
#include "actors/inode/supervisor.hpp"
#include "actors/runtime/route.hpp"

#include <caf/send.hpp>

#include <new>
#include <utility>

namespace gitfs::test {

struct scripted_upstream::handle final : transfer {
  std::shared_ptr<running> what;
  ~handle() override {
    what->cancelled = what->done != nullptr;
    if (auto done = std::exchange(what->done, nullptr))
      done({error{ECANCELED, "cancelled"}, {}, 0, 0});
  }
};

std::unique_ptr<transfer> scripted_upstream::fetch(fetch_request request, transfer_callback done) {
  return begin({std::move(request), {}, std::move(done)});
}

std::unique_ptr<transfer> scripted_upstream::object_info(std::vector<oid> ids, transfer_callback done, std::string) {
  return begin({{}, std::move(ids), std::move(done)});
}

void scripted_upstream::answer(std::size_t index, transfer_outcome outcome) {
  if (auto done = std::exchange(transfers.at(index)->done, nullptr))
    done(std::move(outcome));
}

std::unique_ptr<transfer> scripted_upstream::begin(running r) {
  if (failures > 0 && failures-- > 0)
    throw std::bad_alloc{};
  transfers.push_back(std::make_shared<running>(std::move(r)));
  auto out = std::make_unique<handle>();
  out->what = transfers.back();
  return out;
}

played_system::played_system() {
  config.set("scheduler.policy", caf::atom("testing"));
  system.emplace(config);
}

played_system::~played_system() {
  end();
  context.reset();
  system.reset();
}

void played_system::open(const oid& tree, bool prefetch, std::uint64_t memory) {
  context = std::make_shared<mount_context>(std::make_shared<memory_budget>(memory), temp.path(), prefetch);
  auto objects = add_repository(*context, 0, db);
  start_fetcher(*system, context, objects, server, 0);
  show_at_root(*context, std::make_shared<mounted_ref>(mounted_ref{0, objects}), {oid{}, tree, 0, {}});
  fetcher = objects->fetcher;
  supervisor = system->spawn<supervisor_actor>(context);
  run();
}

void played_system::end() {
  if (supervisor)
    caf::anon_send_exit(supervisor, caf::exit_reason::user_shutdown);
  supervisor = fetcher = nullptr;
  if (context)
    context->end_actors();
  run();
  if (context)
    context->close();
}

caf::scheduler::test_coordinator& played_system::scheduler() {
  return dynamic_cast<caf::scheduler::test_coordinator&>(system->scheduler());
}

void played_system::run_any(std::mt19937& random) {
  auto& jobs = scheduler().jobs;
  if (jobs.empty())
    return;
  std::swap(jobs.front(), jobs[random() % jobs.size()]);
  scheduler().run_once();
}

request played_system::send(node_address node, decltype(kernel_op::what) what, request r) {
  r.id = next_request_id();
  send_to_directory(*context, supervisor, node.dir, kernel_op{r.make(), node.child, std::move(what)}, nullptr);
  return r;
}

void played_system::forget(node_address node, std::uint64_t count) {
  forget_node(*context, supervisor, node, count, nullptr);
}

std::uint64_t played_system::leaves_in_use() const {
  std::uint64_t out = 0;
  for (std::uint64_t i = 0; i < context->inodes.leaf_slots(); ++i)
    out += context->inodes.in_use(first_leaf + static_cast<node_slot>(i)) ? 1 : 0;
  return out;
}

} // namespace gitfs::test
