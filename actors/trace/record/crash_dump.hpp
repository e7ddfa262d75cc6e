// What is in the ring when the process crashes.
#pragma once

#include <filesystem>

namespace gitfs::trace {

/// From now on SIGSEGV, SIGABRT, SIGBUS, SIGFPE and SIGILL write the ring of this process to `file`, readable by its
/// owner alone, and then do what they did before. Not where a stack has overflown: the handler has none of its own.
/// Does nothing if nothing is recorded. Call once.
void dump_on_crash(const std::filesystem::path& file);

} // namespace gitfs::trace
