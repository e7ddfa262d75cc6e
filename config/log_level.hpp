#pragma once

#include <cstdint>

namespace gitfs {

enum class log_level : std::uint8_t { trace, debug, info, warn, error, off };

} // namespace gitfs
