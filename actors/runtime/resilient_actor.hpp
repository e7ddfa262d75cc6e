// An actor that goes on when one of its handlers throws.
#pragma once

#include "actors/trace/record/records.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/mailbox_element.hpp>

#include <string>

namespace gitfs {

class resilient_actor;

/// In a replay, decides when actors get their messages.
class message_gate {
public:
  virtual ~message_gate() = default;
  /// True: the gate has taken the message out of `x`, and puts it into the mailbox of `to` later, or never.
  virtual bool holds(resilient_actor& to, caf::mailbox_element_ptr& x) = 0;
  virtual void born(resilient_actor& one) = 0;
  /// The actor's destructor is running.
  virtual void gone(resilient_actor& one) = 0;
};

/// CAF ends an actor whose handler throws, for example when memory is short; then all that is below a directory would
/// fail for ever. This actor loses only that one message: a reply in it answers EIO. A clean-up that did not complete
/// is repeated. Every message that the actor takes is recorded (trace/record/recorder.hpp).
class resilient_actor : public caf::event_based_actor {
public:
  /// `key`: identifies the actor in traces.
  explicit resilient_actor(caf::actor_config& cfg, const trace::actor_key& key = {});
  ~resilient_actor() override;

  caf::invoke_message_result consume(caf::mailbox_element& x) final;
  using caf::event_based_actor::enqueue;
  void enqueue(caf::mailbox_element_ptr x, caf::execution_unit* unit) final;

  const trace::actor_key& trace_key() const { return trace_key_; }
  /// The actor's state as lines for people. Called by the thread that runs the actor, or when none does any more.
  virtual std::string describe() const { return {}; }

  /// Sets the gate of all actors that are made from here on; null: they have none. Only for a process in which one
  /// thread runs all actors.
  static void set_gate(message_gate* gate);

protected:
  /// Completes what a handler that threw may have left half done. Called at once, and again after every message until
  /// it returns without throwing. Must be idempotent.
  virtual void clean_up() {}

private:
  void clean_up_now();

  const trace::actor_key trace_key_;
  bool owes_clean_up_ = false;
};

} // namespace gitfs
