// All tables that this program keeps beside the objects of stores.
#pragma once

#include "backend/store/upkeep/side_table.hpp"

namespace gitfs {

/// For whoever verifies or evicts: what is not in this list is neither checked nor removed.
side_tables known_side_tables();

} // namespace gitfs
