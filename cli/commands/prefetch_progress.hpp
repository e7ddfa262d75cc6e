// The line by which `gitfs-actor prefetch` shows its progress.
#pragma once

#include "cli/commands/subtree_reader.hpp"

#include <cstddef>
#include <string>

namespace gitfs {

/// Returns one line without an end of line. `seconds`: the time since reading began, from which rate and time left are
/// computed. `columns`: the width of the terminal, into which the bar must fit; 0: no bar.
std::string progress_line(const subtree_reader::progress& now, double seconds, std::size_t columns);

} // namespace gitfs
