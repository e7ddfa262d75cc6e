// Makes text from elsewhere fit to be shown.
#pragma once

#include <string>
#include <string_view>

namespace gitfs {

/// Text from a server, fit for a terminal and a log: printable, at most 300 bytes, one line.
std::string printable(std::string_view text);

/// A file name for output. A name may have any bytes but '/' and zero, so bytes that a terminal or a parser of lines
/// would obey, and '\' itself, are written as \xHH.
std::string escaped(std::string_view name);
/// The name from such output.
std::string unescaped(std::string_view text);

/// ASCII letters in lower case, all other bytes as they are.
std::string lower_case(std::string_view text);

} // namespace gitfs
