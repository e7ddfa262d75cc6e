// An actor that outlives what its handlers throw.
#pragma once

#include "actors/trace/records.hpp"

#include <caf/event_based_actor.hpp>

namespace gitfs {

/// CAF ends an actor whose handler throws (out of memory), and with a directory's actor all that is below it would fail
/// for ever. Here it costs that one message: replies in it answer EIO. What a clean-up has left undone is done again.
/// Every message that it takes is recorded (trace/recorder.hpp).
class lasting_actor : public caf::event_based_actor {
public:
  /// `key`: what traces call it.
  explicit lasting_actor(caf::actor_config& cfg, const trace::actor_key& key = {})
    : caf::event_based_actor(cfg),
      trace_key_(key) {}

  caf::invoke_message_result consume(caf::mailbox_element& x) final;

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
