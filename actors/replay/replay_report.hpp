// The outcome of a replay as text for people and as JSON for programs.
#pragma once

#include "actors/replay/replayer.hpp"
#include "actors/replay/shuffler.hpp"
#include "actors/trace/read/trace_names.hpp"

#include <string>

namespace gitfs {

/// The outcome of a replay that has ended or was ended: one line if all was equal; else the first divergence, the chain
/// of its causes from the first one on, and the state of the actor.
std::string report_text(const replayer& play, const recording& from, const trace::trace_names& names);
/// The same outcome as one JSON object.
std::string report_json(const replayer& play, const recording& from, const trace::trace_names& names);

/// The outcome of an order in which something did not hold. `file`: the trace to name in the command that shows it
/// again.
std::string shuffle_text(std::uint64_t seed, const shuffled& failed, const std::string& file);
std::string shuffle_json(std::uint64_t seed, const shuffled& failed);

/// A line for each record in the chain of causes, from the first cause to the message with that order number.
std::vector<std::string> causal_chain(const recording& from, const trace::trace_names& names, std::uint64_t order);

} // namespace gitfs
