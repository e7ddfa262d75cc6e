// Suggestions for mistyped names.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace gitfs {

/// ", did you mean 'KNOWN'?" with the nearest of `known`, or "" where none is near enough to be meant.
std::string did_you_mean(std::string_view typed, std::span<const std::string_view> known);

} // namespace gitfs
