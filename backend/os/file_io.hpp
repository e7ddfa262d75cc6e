// Reads and writes all of a range of a file.
#pragma once

#include "config/error.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace gitfs {

/// Writes all of `bytes` at `offset`. `what` for the error: "cannot write an arriving pack". The disk's error, ENOSPC
/// if it names none.
result<void> write_at(int file, std::string_view bytes, std::uint64_t offset, std::string_view what);

/// Reads `size` bytes from `offset` on. The disk's error, or EIO if the file ends before.
result<void> read_at(int file, char* out, std::size_t size, std::uint64_t offset, std::string_view what);

/// The same up to the end of the file: returns how many bytes there were. The disk's error.
result<std::size_t> read_up_to(int file, char* out, std::size_t size, std::uint64_t offset, std::string_view what);

/// All bytes of a file; empty, or only the first of them, where it cannot be read. An iterator over a stream throws
/// then.
std::string contents_of(const std::filesystem::path& file);

/// The end of an error message that says what to do about an errno that a limit of this process causes. Empty if no
/// limit causes the errno.
std::string limit_remedy(int code);

} // namespace gitfs
