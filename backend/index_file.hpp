// The index of a pack (gitformat-pack, "Version 2 pack-*.idx files").
#pragma once

#include "backend/pack_indexer.hpp"

#include <string>
#include <vector>

namespace gitfs {

/// The whole file. `checksum`: the pack's trailer.
std::string make_index(const std::vector<packed_object>& objects, const oid& checksum);

} // namespace gitfs
