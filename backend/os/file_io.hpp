// Reading and writing all of a stretch of a file.
#pragma once

#include "config/error.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace gitfs {

/// Writes all of `bytes` at `offset`. `what` for the error: "cannot write an arriving pack". The disk's error, ENOSPC
/// if it names none.
result<void> write_at(int file, std::string_view bytes, std::uint64_t offset, std::string_view what);

/// Fills all of `out` from `offset` on. The disk's error, EIO if the file ends before.
result<void> read_at(int file, char* out, std::size_t size, std::uint64_t offset, std::string_view what);

/// The end of a message about an errno that comes of a limit of this process: what to do. Empty: it is no such.
std::string limit_remedy(int code);

} // namespace gitfs
