#include "actors/runtime/resilient_actor.hpp"

#include "actors/runtime/message_rows.hpp"
#include "actors/trace/record/recorder.hpp"
#include "config/log.hpp"

#include <exception>
#include <utility>

namespace gitfs {

namespace {

message_gate* the_gate = nullptr; // set while no other thread looks

} // namespace

resilient_actor::resilient_actor(caf::actor_config& cfg, const trace::actor_key& key)
  : caf::event_based_actor(cfg),
    trace_key_(key) {
  if (the_gate != nullptr)
    the_gate->born(*this);
}

resilient_actor::~resilient_actor() {
  if (the_gate != nullptr)
    the_gate->gone(*this);
}

void resilient_actor::set_gate(message_gate* gate) {
  the_gate = gate;
}

void resilient_actor::enqueue(caf::mailbox_element_ptr x, caf::execution_unit* unit) {
  if (the_gate == nullptr || !the_gate->holds(*this, x))
    caf::event_based_actor::enqueue(std::move(x), unit);
}

caf::invoke_message_result resilient_actor::consume(caf::mailbox_element& x) {
  const caf::type_erased_tuple& content = x.content();
  const trace::message_row& row = trace::row_of(content);
  const void* message = content.empty() ? nullptr : content.get(0);
  const trace::handling traced{trace_key_, row.number(), row.stamp != nullptr ? row.stamp(message) : trace::sent_by{},
                               row.fields, message};
  caf::invoke_message_result out = caf::invoke_message_result::consumed;
  try {
    out = caf::event_based_actor::consume(x);
  } catch (const std::exception& thrown) {
    owes_clean_up_ = true;
    log::error("{}: a message is lost: {}", name(), thrown.what());
  }
  if (owes_clean_up_)
    clean_up_now();
  return out;
}

void resilient_actor::clean_up_now() {
  try {
    clean_up();
    owes_clean_up_ = false;
  } catch (const std::exception& thrown) {
    log::error("{}: cleaning up will be tried again: {}", name(), thrown.what());
  }
}

} // namespace gitfs
