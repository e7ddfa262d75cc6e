#include "actors/lasting_actor.hpp"

#include "actors/trace/message_rows.hpp"
#include "actors/trace/recorder.hpp"

#include <spdlog/spdlog.h>

#include <exception>

namespace gitfs {

caf::invoke_message_result lasting_actor::consume(caf::mailbox_element& x) {
  const caf::type_erased_tuple& content = x.content();
  const trace::message_row& row = trace::row_of(content);
  const void* message = content.empty() ? nullptr : content.get(0);
  const trace::handling traced{trace_key_, row.number, row.stamp != nullptr ? row.stamp(message) : trace::sent_by{},
                               row.fields, message};
  caf::invoke_message_result out = caf::invoke_message_result::consumed;
  try {
    out = caf::event_based_actor::consume(x);
  } catch (const std::exception& thrown) {
    owes_clean_up_ = true;
    spdlog::error("{}: a message is lost: {}", name(), thrown.what());
  }
  if (owes_clean_up_)
    clean_up_now();
  return out;
}

void lasting_actor::clean_up_now() {
  try {
    clean_up();
    owes_clean_up_ = false;
  } catch (const std::exception& thrown) {
    spdlog::error("{}: cleaning up will be tried again: {}", name(), thrown.what());
  }
}

} // namespace gitfs
