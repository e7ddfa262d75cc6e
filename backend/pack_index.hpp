// Where in a pack an object is.
#pragma once

#include "backend/oid.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>

namespace gitfs {

/// One look-up in an index of version 2 (gitformat-pack): a dozen reads, nothing is mapped or kept. None if the object
/// is not in it, or the file is no such index.
std::optional<std::uint64_t> offset_in_pack(const std::filesystem::path& index, const oid& id);

} // namespace gitfs
