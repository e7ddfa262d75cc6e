// Runs what a recording has in another order, as a seed says, and looks whether what must always hold does.
#pragma once

#include "actors/replay/recording.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gitfs {

/// What came of one order.
struct shuffled {
  std::uint64_t steps = 0;             ///< until the recorded requests were through, or it went wrong
  std::uint64_t requests = 0;          ///< that were sent
  std::optional<std::string> violated; ///< what does not hold
  std::vector<std::string> last;       ///< the last steps before that, for people
  std::vector<std::string> states;     ///< of directories that are left then
};

/// Each request is answered, once and right; no count goes below zero; nobody lives whom nobody can reach; in the end
/// nothing is left. The same seed gives the same order; it also says whether memory is short,
/// and whether transfers fail that did not. `most_steps`: from there on nothing is shuffled, and what is on
/// its way is brought to its end. One at a time in a process.
shuffled shuffle(const recording& from, std::uint64_t seed, std::uint64_t most_steps = ~std::uint64_t{0});

/// The same of a seed that is known to fail: with the fewest steps with which it does.
shuffled shrink(const recording& from, std::uint64_t seed);

} // namespace gitfs
