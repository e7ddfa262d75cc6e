#include "actors/filesystem.hpp"

#include "actors/mounting.hpp"
#include "actors/supervisor.hpp"
#include "actors/trace/recorder.hpp"
#include "backend/git_repository.hpp"
#include "backend/source.hpp"

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
  auto context = std::make_shared<mount_context>(std::make_shared<memory_budget>(options.memory), options.cache_dir,
                                                 options.prefetch);
  BOOST_OUTCOME_TRY(source, parse_source(options.source));
  BOOST_OUTCOME_TRY(from, open_repository(source, options, context->shared_memory));
  BOOST_OUTCOME_TRY(what, from->take(options.ref, std::nullopt, {}));
  std::unique_ptr<filesystem> out{new filesystem{system, std::move(context)}};
  out->show(std::move(from), what, options);
  return out;
}

filesystem::filesystem(caf::actor_system& system, std::shared_ptr<mount_context> context)
  : system_(system),
    context_(std::move(context)) {}

void filesystem::show(std::shared_ptr<repository> from, const snapshot_facts& what, const mount_options& options) {
  source_ = from->display();
  description_ = source_ + (what.ref.empty() ? "" : " " + what.ref) + " at " + what.commit.hex();
  const std::uint64_t trees_ahead = options.prefetch ? options.trees_ahead : 0;
  const std::shared_ptr<upstream>& remote = from->remote();
  trace::mounted(
      {what.commit, what.root_tree, options.prefetch, remote != nullptr, trees_ahead, context_->memory.total()});
  const auto objects = add_repository(*context_, 0, from->objects());
  if (remote)
    start_fetcher(system_, context_, objects, remote, trees_ahead);
  objects->from = std::move(from);
  show_at_root(*context_, add_volume(system_, context_, 0, objects), what);
  supervisor_ = system_.spawn<supervisor_actor>(context_);
}

filesystem::~filesystem() {
  end();
}

void filesystem::end() {
  // Else the end would wait for gigabytes to be inflated.
  context_->repositories.each([](mounted_repository& each) { each.spooled.stop(); });
  if (supervisor_)
    caf::anon_send_exit(supervisor_, caf::exit_reason::user_shutdown);
  supervisor_ = nullptr;
  context_->end_actors();
  system_.await_all_actors_done();
  context_->close();
  context_->trim();
  context_->repositories.each([](mounted_repository& each) { each.spooled.clear(); });
  if (!context_->memory.empty())
    spdlog::error("the mount has ended and still accounts for memory:\n{}", context_->memory.text());
}

} // namespace gitfs
