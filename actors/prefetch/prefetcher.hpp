// The actor that fetches ahead of walkers and readers: the message face of prefetch_plan.
#pragma once

#include "actors/mount/mount_context.hpp"
#include "actors/prefetch/prefetch_plan.hpp"
#include "actors/runtime/resilient_actor.hpp"

#include <optional>

namespace gitfs {

/// There is one for each mounted ref. Directories tell it where readers are, and it wants from the fetcher what these
/// readers will need. The directory's own execution unit runs it before the fetcher, so that what a walker will need
/// leaves in one request together with what the directory has asked for.
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

  const bool alone_;     // true in a plain mount, which has only this mounted ref
  bool counted_ = false; // counted among the mounted refs that fetch contents ahead now
  const std::shared_ptr<environment> outside_;
  std::shared_ptr<mount_context> context_;
  caf::actor fetcher_;
  // Unset when this actor has ended, because the plan holds locations, and so the mounted ref, which holds this actor.
  std::optional<prefetch_plan> plan_;
};

} // namespace gitfs
