#include "actors/lasting_actor.hpp"

#include <spdlog/spdlog.h>

#include <exception>

namespace gitfs {

caf::invoke_message_result lasting_actor::consume(caf::mailbox_element& x) {
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
