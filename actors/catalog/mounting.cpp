#include "actors/catalog/mounting.hpp"

#include "actors/fetch/fetcher.hpp"
#include "actors/model/inode_number.hpp"
#include "actors/prefetch/prefetcher.hpp"
#include "actors/prefetch/profile_files.hpp"

#include <caf/send.hpp>

#include <utility>

namespace gitfs {

void start_fetcher(caf::actor_system& system, const std::shared_ptr<mount_context>& context,
                   const std::shared_ptr<mounted_repository>& of, std::shared_ptr<upstream> remote,
                   std::uint64_t trees_ahead) {
  of->fetcher = system.spawn<fetcher_actor>(context, of, std::move(remote), trees_ahead, want_queue::limits{});
}

std::shared_ptr<mounted_ref> add_mounted_ref(caf::actor_system& system, const std::shared_ptr<mount_context>& context,
                                             std::uint32_t number, std::shared_ptr<mounted_repository> of) {
  std::shared_ptr<mounted_ref> out{
      new mounted_ref{number, std::move(of)}}; // not make_shared, for the reason that add_repository has
  if (context->prefetch && out->repository->fetcher)
    out->prefetcher = system.spawn<prefetcher_actor>(context, *out);
  context->mounted_refs.add(out);
  return out;
}

shown_ptr show_snapshot(const mount_context& context, std::shared_ptr<mounted_ref> of, const snapshot_facts& facts,
                        const std::string& place, const shown_ptr& before) {
  if (!before)
    use_named_profile(*of, facts);
  shown_runs_ptr runs;
  if (before)
    runs = before->runs;
  else if (context.times)
    runs = context.times->read(place);
  auto now = shows_now(runs, facts);
  if (context.times && now != runs)
    context.times->write(place, *now);
  return std::make_shared<const shown_snapshot>(shown_snapshot{std::move(of), facts, std::move(now)});
}

void show_at_root(mount_context& context, std::shared_ptr<mounted_ref> of, const snapshot_facts& facts) {
  auto root = std::make_shared<directory_location>();
  root->tree = facts.root_tree;
  root->shown = show_snapshot(context, std::move(of), facts, {});
  context.inodes.allocate(no_slot, root_ino, std::move(root)); // the first slot is the root's
}

void end_actors(const mount_context& context, caf::actor& supervisor, caf::actor& catalog) {
  const bool plain = !catalog; // else each repository ends its own actors, also those that it is making just now
  for (caf::actor* each : {&supervisor, &catalog})
    if (*each) {
      caf::anon_send_exit(*each, caf::exit_reason::user_shutdown);
      *each = nullptr;
    }
  if (plain)
    context.end_actors();
}

} // namespace gitfs
