// Writes a trace in other formats.
#pragma once

#include "actors/trace/read/trace_reader.hpp"
#include "actors/trace/read/trace_show.hpp"

#include <string>

namespace gitfs::trace {

/// The Trace Event Format that ui.perfetto.dev and Catapult (chrome://tracing) open: a track for each actor with a
/// slice for each message that it handled, tracks for kernel and server, and an arrow from each cause to its effect.
void export_perfetto(const contents& in, bool redact, const printer& print);

/// The same trace with redacted_name in place of each name. Records of unknown kinds, which a later version may have
/// written, are left out, because they may hold names.
std::string redacted_trace(const contents& in);

} // namespace gitfs::trace
