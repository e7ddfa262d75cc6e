// Inflates objects from zlib's format into memory, and deflates them again.
#pragma once

#include "backend/git/object.hpp"
#include "config/error.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace gitfs {

/// Larger objects that come as deltas are refused, because a delta is applied in memory. git does not make such deltas
/// (core.bigFileThreshold is 512 MB).
inline constexpr std::uint64_t largest_in_memory = std::uint64_t{1} << 30;

/// The format does not allow that one deflated byte makes more inflated bytes than this.
inline constexpr std::uint64_t highest_deflate_ratio = 1032;

/// Allocates `size` bytes, which are not initialised.
std::unique_ptr<char[]> bytes_for(std::uint64_t size);
/// Makes an object that owns `bytes`. Its contents are the `size` bytes from offset `from` on.
object as_object(object_type type, std::unique_ptr<char[]> bytes, std::uint64_t size, std::size_t from = 0);

/// The most bytes that zlib makes of `size` bytes, whatever its settings are (zlib's deflateBound).
std::uint64_t longest_deflated(std::uint64_t size);

/// Inflates the zlib stream at the start of `in`, which must have exactly `size` bytes. Returns the length of the
/// stream. EIO: it is damaged, or has another size.
result<std::size_t> inflate_whole(std::string_view in, char* out, std::size_t size);

/// Inflates up to `size` bytes from the start of a stream. `in` need not have the whole stream. Returns the number of
/// bytes that were inflated. It is less than `size` if the stream or `in` ends before, or if the stream is damaged.
std::size_t inflate_start(std::string_view in, char* out, std::size_t size);

/// Deflates `first` and then `rest` into one zlib stream of level fast_compression.
std::string deflated(std::string_view first, std::string_view rest);

} // namespace gitfs
