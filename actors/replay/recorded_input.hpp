// What came to the actors from elsewhere, made from its record again.
#pragma once

#include "actors/replay/recording.hpp"

#include <caf/mailbox_element.hpp>

namespace gitfs {

/// The message that record `r` says was taken. None if it is one that actors send to each other.
caf::mailbox_element_ptr recorded_input(const recording& from, const trace::record& r);

} // namespace gitfs
