// The actor that makes directory actors and ends them.
#pragma once

#include "actors/inode/directory.hpp"
#include "actors/inode/listing_sweep.hpp"
#include "actors/mount/mount_context.hpp"
#include "actors/runtime/resilient_actor.hpp"

#include <deque>
#include <functional>
#include <unordered_set>

namespace gitfs {

struct ask_directory;
struct directory_idle;
struct enter_directory;
struct entries_hidden;
struct reap_directory;
struct relink_directories;
struct release_directory;

/// Spawns a directory's actor when the first request for something inside it comes, and drops it (that ends it) when
/// its parent says that nobody can reach it. Sole writer of the inode table's actor handles.
class supervisor_actor final : public resilient_actor {
public:
  /// `catalog`: of a mount with a tree above its repositories.
  supervisor_actor(caf::actor_config& cfg, std::shared_ptr<mount_context> context, caf::actor catalog = {});

  const char* name() const override { return "supervisor"; }
  std::string describe() const override;

protected:
  caf::behavior make_behavior() override;
  void on_exit() override;
  void clean_up() override;

private:
  void enter(enter_directory& m);
  std::optional<dir_slot> slot_of(std::uint64_t inode) const;
  void ask(ask_directory& m);
  void release(release_directory m);
  void tell_parent_idle(directory_idle m);
  void reap(reap_directory m);
  void relink(relink_directories m);
  template <class Message>
  void surely(void (supervisor_actor::*handler)(Message), Message m);
  void sweep();
  void sweep_again();
  void trim_if_idle();
  void warn_once(const entries_hidden& m);
  caf::actor live(dir_slot slot) const;

  std::shared_ptr<mount_context> context_;
  caf::actor catalog_;
  std::shared_ptr<const mount_actors> others_;
  listing_sweep sweep_;
  std::uint64_t requests_ = 0;             // of the kernel, when they were looked at last
  bool trimmed_ = true;                    // since it was used
  std::unordered_set<path_key> warned_of_; // directories
  std::deque<std::function<void()>> owed_; // clean-ups that threw
  std::deque<dir_slot> resting_;           // free, and not used again yet
};

} // namespace gitfs
