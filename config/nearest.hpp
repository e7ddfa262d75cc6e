// Suggestions for mistyped names.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace gitfs {

/// ", did you mean 'KNOWN'?" with that of `known` which other programs call so, else the nearest, or "" where none is
/// near enough to be meant.
std::string did_you_mean(std::string_view typed, std::span<const std::string_view> known);

} // namespace gitfs
