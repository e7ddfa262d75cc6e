// The actor that looks ahead of walkers and readers.
#pragma once

#include "actors/mount/mount_context.hpp"
#include "actors/prefetch/prefetch_plan.hpp"
#include "actors/runtime/resilient_actor.hpp"

#include <optional>

namespace gitfs {

/// One for each mounted ref. Hears from directories where readers are, and wants what they will need from the fetcher.
/// Run by the directory's own execution unit, before the fetcher: so what a walker will need leaves in one request with
/// what its directory asks for.
class prefetcher_actor final : public resilient_actor, private readahead_port {
public:
  prefetcher_actor(caf::actor_config& cfg, std::shared_ptr<mount_context> context, const mounted_ref& of);

  const char* name() const override { return "prefetcher"; }
  std::string describe() const override;

protected:
  caf::behavior make_behavior() override;
  void on_exit() override;
  void clean_up() override;

private:
  void ask(want w) override;
  void cancel(want_id id) override;
  void window_begins() override;
  void window_ends() override;
  bool later() override;
  std::uint64_t share_of(std::uint64_t bytes) override;
  void rest();

  const bool alone_;     // it is the only mounted ref of its mount
  bool counted_ = false; // among those who fetch contents ahead
  const std::shared_ptr<environment> outside_;
  std::shared_ptr<mount_context> context_;
  caf::actor fetcher_;
  std::optional<prefetch_plan> plan_; // none when it has ended: what it remembers holds the mounted ref that holds it
};

} // namespace gitfs
