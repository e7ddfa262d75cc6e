// What the log says about errors that programs get.
#pragma once

#include <string>

namespace gitfs {

/// One line: which path, what the program is told, and why. Of one cause there is one line a minute, and of all causes
/// together there are twenty. Any thread.
void log_reader_error(const std::string& path, int code, const std::string& why);

} // namespace gitfs
