// What `gitfs-actor prefetch` says of how far it is.
#pragma once

#include "cli/commands/subtree_reader.hpp"

#include <cstddef>
#include <string>

namespace gitfs {

/// One line without its end. `seconds`: since reading began, for rate and time left. `columns`: of the terminal, for a
/// bar that fits; 0: no bar.
std::string progress_line(const subtree_reader::progress& now, double seconds, std::size_t columns);

} // namespace gitfs
