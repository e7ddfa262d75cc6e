#include "actors/filesystem.hpp"

#include "actors/fetcher.hpp"
#include "actors/prefetcher.hpp"
#include "actors/supervisor.hpp"
#include "actors/trace/learned.hpp"
#include "actors/trace/recorder.hpp"

#include <caf/send.hpp>

#include <spdlog/spdlog.h>

#include <utility>

namespace gitfs {

void configure(caf::actor_system_config& config) {
  // CAF's default, work stealing, strands jobs behind a busy worker (p99 3 ms with one 5 ms handler).
  config.set("scheduler.policy", caf::atom("sharing"));
  config.set("scheduler.max-threads", std::size_t{2});
}

result<std::unique_ptr<filesystem>> filesystem::open(const mount_options& options, caf::actor_system& system) {
  auto memory = std::make_shared<memory_budget>(options.memory);
  BOOST_OUTCOME_TRY(what, open_snapshot(options, memory));
  return std::unique_ptr<filesystem>{new filesystem{system, std::move(what), options, std::move(memory)}};
}

filesystem::filesystem(caf::actor_system& system, snapshot what, const mount_options& options,
                       std::shared_ptr<memory_budget> memory)
  : system_(system),
    what_(std::move(what)),
    context_(std::make_shared<mount_context>(mount_facts{what_.commit, what_.root_tree, options.prefetch}, what_.db,
                                             std::move(memory), options.cache_dir)) {
  const bool prefetch = options.prefetch;
  trace::mounted({what_.commit, what_.root_tree, prefetch, what_.remote != nullptr, prefetch ? options.trees_ahead : 0,
                  context_->memory.total()});
  if (trace::exact)
    context_->outside = trace::recorded_surroundings(std::move(context_->outside));
  auto root = std::make_shared<dir_link>();
  root->tree = what_.root_tree;
  context_->inodes.allocate(no_slot, std::move(root)); // the first slot is the root's
  if (what_.remote) {
    fetcher_ =
        system.spawn<fetcher_actor>(context_, what_.remote, prefetch ? options.trees_ahead : 0, want_queue::limits{});
    if (prefetch)
      prefetcher_ = system.spawn<prefetcher_actor>(context_, fetcher_);
  }
  supervisor_ = system.spawn<supervisor_actor>(context_, fetcher_, prefetcher_);
}

filesystem::~filesystem() {
  end();
}

void filesystem::end() {
  context_->spooled.stop(); // else the end would wait for gigabytes to be inflated
  for (caf::actor* a : {&supervisor_, &prefetcher_, &fetcher_})
    if (*a) {
      caf::anon_send_exit(*a, caf::exit_reason::user_shutdown);
      *a = nullptr;
    }
  system_.await_all_actors_done();
  context_->trim();
  context_->spooled.clear();
  if (!context_->memory.empty())
    spdlog::error("the mount has ended and still accounts for memory:\n{}", context_->memory.text());
}

std::string filesystem::describe() const {
  return what_.display + (what_.ref.empty() ? "" : " " + what_.ref) + " at " + what_.commit.hex();
}

} // namespace gitfs
