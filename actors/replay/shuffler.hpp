// Runs a recording in another order, which a seed determines, and checks what must hold in every order.
#pragma once

#include "actors/replay/recording.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gitfs {

/// The outcome of one order.
struct shuffled {
  std::uint64_t steps = 0;             ///< steps until all recorded requests were answered, or something did not hold
  std::uint64_t requests = 0;          ///< how many requests were sent
  std::optional<std::string> violated; ///< a sentence about what does not hold, if something does not
  std::vector<std::string> last;       ///< the last steps before that, for people
  std::vector<std::string> states;     ///< the states of the directories that were left then
};

/// Checks that each request is answered once and right, that no count goes below zero, that no actor lives which
/// nothing can reach, and that nothing is left in the end. The same seed gives the same order. The seed also determines
/// whether memory is short, and whether transfers fail that did not. `most_steps`: after so many steps nothing is
/// shuffled any more, and everything that was begun is brought to its end. One call at a time in a process.
shuffled shuffle(const recording& from, std::uint64_t seed, std::uint64_t most_steps = ~std::uint64_t{0});

/// Runs a seed that is known to fail with the fewest steps with which it still fails.
shuffled shrink(const recording& from, std::uint64_t seed);

} // namespace gitfs
