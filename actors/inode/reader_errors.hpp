// What the log says about errors that programs get.
#pragma once

#include <string>

namespace gitfs {

class directory_inode;
struct kernel_op;

/// One line: which path, what the program is told, and why. Of one cause there is one line a minute, and of all causes
/// together there are twenty. Any thread.
void log_reader_error(const std::string& path, int code, const std::string& why);

/// Ends the request with that errno, and one line in the log. `why` empty: the reason is what the last attempt has
/// said. This is the one place where a request ends because something failed, and not because of what it asked for.
void refuse(const directory_inode& of, kernel_op& op, int code, const std::string& why);

} // namespace gitfs
