// The actors of a mount on one thread, with no kernel and no server. Each message is held until the replayer or the
// shuffler has it delivered.
#pragma once

#include "actors/mount/mount_context.hpp"
#include "actors/replay/recording.hpp"
#include "actors/replay/silent_world.hpp"
#include "actors/runtime/resilient_actor.hpp"
#include "backend/remote/upstream.hpp"

#include <caf/actor.hpp>
#include <caf/actor_control_block.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gitfs {

/// Only one stage at a time may live in a process.
class stage final : private message_gate {
public:
  struct held {
    caf::mailbox_element_ptr message;
    caf::strong_actor_ptr to; ///< a mailbox with a message in it keeps its actor alive
    trace::kind what = trace::kind::other_message;
    std::uint64_t cause = 0;
    std::string fields;                    ///< the fields that its record would have
    const resilient_actor* from = nullptr; ///< the actor whose handler has sent it; null: a timer, or from outside
  };
  using environment_of = std::function<std::shared_ptr<environment>(mount_context&)>;

  /// Starts the actors of a mount as it was recorded. `server`: the upstream of a plain mount.
  stage(const recording::mount& mounted, const environment_of& outside, std::shared_ptr<upstream> server);
  ~stage() override;

  mount_context& context() { return *context_; }
  const caf::actor& supervisor() const { return supervisor_; }

  /// All living actors by their keys; the newest of a key is last.
  const std::map<trace::actor_key, std::vector<resilient_actor*>>& actors() const { return alive_; }
  /// The newest actor with that key; null if there is none.
  resilient_actor* newest(const trace::actor_key& key) const;
  std::map<resilient_actor*, std::deque<held>>& messages() { return held_; }
  const std::map<resilient_actor*, std::deque<held>>& messages() const { return held_; }

  /// Puts the message into the actor's mailbox and runs the actor.
  void deliver(resilient_actor& to, caf::mailbox_element_ptr message);
  /// The same with a message that is held.
  void deliver(resilient_actor& to, std::deque<held>::iterator which);
  /// Makes all delayed messages due: they are held from here on.
  void trigger_timeouts() { scheduler().trigger_timeouts(); }
  /// Drops the held messages of directories that are in no slot any more. Only these messages keep such an actor alive,
  /// so the actor ends.
  void drop_messages_of_the_dead();
  /// Ends all actors.
  void end();
  /// How many have not ended. (Those that have may still be among `actors`, for the clock holds them for the sake of
  /// delayed messages.)
  std::size_t running() { return system_->registry().running(); }

private:
  bool holds(resilient_actor& to, caf::mailbox_element_ptr& x) override;
  void born(resilient_actor& one) override;
  void gone(resilient_actor& one) override;
  void show(const recording::mount& mounted, std::shared_ptr<upstream> server);
  void show_tree(const recording::mount& mounted, std::shared_ptr<upstream> server);
  opened_first show_first(const recording::mount& mounted, std::shared_ptr<upstream> server);
  caf::scheduler::test_coordinator& scheduler();

  silent_workers workers_;
  caf::actor_system_config config_;
  std::optional<caf::actor_system> system_;
  std::shared_ptr<mount_context> context_;
  caf::actor supervisor_, catalog_;
  std::map<trace::actor_key, std::vector<resilient_actor*>> alive_;
  std::map<resilient_actor*, std::deque<held>> held_;
  const resilient_actor* running_ = nullptr;
  bool passes_ = false; // messages are delivered at once and not held
};

} // namespace gitfs
