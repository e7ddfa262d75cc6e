// The actors of a mount on one thread, with no kernel and no server: each message waits until somebody has it
// delivered.
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

/// One at a time in a process.
class stage final : private message_gate {
public:
  struct held {
    caf::mailbox_element_ptr message;
    caf::strong_actor_ptr to; ///< a mailbox with a message in it keeps its actor alive
    trace::kind what = trace::kind::other_message;
    std::uint64_t cause = 0;
    std::string fields;                    ///< of its record
    const resilient_actor* from = nullptr; ///< whose handler has sent it; none: a timer, or from elsewhere
  };
  using environment_of = std::function<std::shared_ptr<environment>(mount_context&)>;

  /// Starts the actors of such a mount. `server`: of a mount of one repository.
  stage(const recording::mount& mounted, const environment_of& outside, std::shared_ptr<upstream> server);
  ~stage() override;

  mount_context& context() { return *context_; }
  const caf::actor& supervisor() const { return supervisor_; }

  /// By key; the newest last.
  const std::map<trace::actor_key, std::vector<resilient_actor*>>& actors() const { return alive_; }
  /// Null if none has that key.
  resilient_actor* newest(const trace::actor_key& key) const;
  std::map<resilient_actor*, std::deque<held>>& messages() { return held_; }
  const std::map<resilient_actor*, std::deque<held>>& messages() const { return held_; }

  /// Hands the message over and lets the actor take it.
  void deliver(resilient_actor& to, caf::mailbox_element_ptr message);
  /// The same of one that is held.
  void deliver(resilient_actor& to, std::deque<held>::iterator which);
  /// Messages of delayed sends are held from here on.
  void trigger_timeouts() { scheduler().trigger_timeouts(); }
  /// Who is in no slot any more lives only by the messages that are held for it: it ends, and they with it.
  void drop_messages_of_the_dead();
  /// Ends all actors.
  void end();

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
  bool passes_ = false; // messages are not held
};

} // namespace gitfs
