// An actor that outlives what its handlers throw.
#pragma once

#include "actors/trace/record/records.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/mailbox_element.hpp>

#include <string>

namespace gitfs {

class resilient_actor;

/// Decides when actors get their messages, in a replay.
class message_gate {
public:
  virtual ~message_gate() = default;
  /// True: it has taken the message out of `x`, and will put it into the mailbox of `to` later, or not at all.
  virtual bool holds(resilient_actor& to, caf::mailbox_element_ptr& x) = 0;
  virtual void born(resilient_actor& one) = 0;
  /// Its destructor runs.
  virtual void gone(resilient_actor& one) = 0;
};

/// CAF ends an actor whose handler throws (out of memory), and with a directory's actor all that is below it would fail
/// for ever. Here it costs that one message: replies in it answer EIO. What a clean-up has left undone is done again.
/// Every message that it takes is recorded (trace/recorder.hpp).
class resilient_actor : public caf::event_based_actor {
public:
  /// `key`: what traces call it.
  explicit resilient_actor(caf::actor_config& cfg, const trace::actor_key& key = {});
  ~resilient_actor() override;

  caf::invoke_message_result consume(caf::mailbox_element& x) final;
  using caf::event_based_actor::enqueue;
  void enqueue(caf::mailbox_element_ptr x, caf::execution_unit* unit) final;

  const trace::actor_key& trace_key() const { return trace_key_; }
  /// Its state, in lines for people. By the thread that runs it, or after it.
  virtual std::string describe() const { return {}; }

  /// Of all that are made from here on, in a process with one thread that runs them; null: none.
  static void set_gate(message_gate* gate);

protected:
  /// Called after a handler threw, at once and then after every message until it returns: completes what may have been
  /// left half done. Idempotent.
  virtual void clean_up() {}

private:
  void clean_up_now();

  const trace::actor_key trace_key_;
  bool owes_clean_up_ = false;
};

} // namespace gitfs
