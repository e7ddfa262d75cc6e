// Two traces side by side.
#pragma once

#include "actors/trace/read/trace_show.hpp"

namespace gitfs::trace {

/// Prints where they first differ in what was done, which requests were answered differently, and how long each kind of
/// message waited and took in both. True: the same was done, and answered.
///
/// What was done: the messages that each actor took, in its order, and what the kernel asked of each directory. Not
/// compared are times, what a clock has sent, how long the server's answers were, and the numbers that a run gives (of
/// requests, wants, transfers, slots): two runs whose threads met in another order have others.
bool show_diff(const contents& a, const contents& b, bool redact, const printer& print);

} // namespace gitfs::trace
