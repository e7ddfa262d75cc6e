// Text of others, made fit to be shown.
#pragma once

#include <string>
#include <string_view>

namespace gitfs {

/// Text from a server, fit for a terminal and a log: printable, at most 300 bytes, one line.
std::string printable(std::string_view text);

/// A name may hold anything but '/' and zero: what a terminal or a parser of lines would obey, and '\' itself, is
/// given as \xHH.
std::string escaped(std::string_view name);
/// The name again.
std::string unescaped(std::string_view text);

} // namespace gitfs
