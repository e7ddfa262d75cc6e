// The actor that fetches ahead of walkers and readers: the message face of prefetch_plan.
#pragma once

#include "actors/mount/mount_context.hpp"
#include "actors/prefetch/prefetch_plan.hpp"
#include "actors/prefetch/run_recorder.hpp"
#include "actors/runtime/prefetch_messages.hpp"
#include "actors/runtime/resilient_actor.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

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
  void was_read(const file_read& m);
  void record(const file_read& m);
  void record_folder(const directory_location& folder);
  void take_profile(const use_profile& m);
  void tell(tell_profile& m);
  void run_began();
  void end_run_if_over();
  void end_run();

  const bool alone_;     // true in a plain mount, which has only this mounted ref
  bool counted_ = false; // counted among the mounted refs that fetch contents ahead now
  const std::shared_ptr<environment> outside_;
  std::shared_ptr<mount_context> context_;
  caf::actor fetcher_;
  // Of the repository. Null, and nothing is recorded: there is none, as in replays.
  std::shared_ptr<const profile_store> profiles_;
  std::shared_ptr<object_db> db_;        // only for sizes in what is recorded
  std::optional<run_recorder> recorder_; // unset: nothing is recorded
  bool kept_ = true;                     // the run has ended, and was written
  std::size_t missed_ = 0;               // reads of the run that had to wait, up to those that look for a kept run
  std::string profile_lines_;            // of a profile of which not all has come
  // Unset when this actor has ended, because the plan holds locations, and so the mounted ref, which holds this actor.
  std::optional<prefetch_plan> plan_;
};

} // namespace gitfs
