// Suggestions for mistyped names.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace gitfs {

/// ", did you mean 'KNOWN'?" with that of `known` which other programs call so, else the nearest, or "" where none is
/// near enough to be meant. `begin`: what stands before KNOWN in the answer, for names that all begin alike.
std::string did_you_mean(std::string_view typed, std::span<const std::string_view> known, std::string_view begin = {});

} // namespace gitfs
