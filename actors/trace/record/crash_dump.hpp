// Writes the ring to a file when the process crashes.
#pragma once

#include <filesystem>

namespace gitfs::trace {

/// From now on SIGSEGV, SIGABRT, SIGBUS, SIGFPE and SIGILL write the ring of this process to `file`, readable by its
/// owner alone, and then do what they did before. An overflown stack is not covered, because the handler has no stack
/// of its own. Does nothing if nothing is recorded. Call once.
void dump_on_crash(const std::filesystem::path& file);

} // namespace gitfs::trace
