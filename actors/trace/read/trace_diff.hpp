// Compares two traces.
#pragma once

#include "actors/trace/read/trace_show.hpp"

namespace gitfs::trace {

/// Prints where the traces first differ in what was done, which requests were answered differently, and how long each
/// kind of message waited and took in both. True: the same was done, and all requests were answered the same.
///
/// "What was done" is the messages that each actor took, in the actor's order, and the requests of the kernel for each
/// directory. Not compared are times, messages that a clock has sent, the length of the server's answers, and the
/// numbers that a run gives to requests, wants, transfers and slots, because two runs whose threads met in another
/// order have other numbers.
bool show_diff(const contents& a, const contents& b, bool redact, const printer& print);

} // namespace gitfs::trace
