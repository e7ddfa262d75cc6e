// All side tables of stores that this program has.
#pragma once

#include "backend/store/upkeep/side_table.hpp"

namespace gitfs {

/// For verification and eviction: a table that is not in this list is neither checked nor removed.
side_tables known_side_tables();

} // namespace gitfs
