// Objects between zlib's format and memory.
#pragma once

#include "backend/git/object.hpp"
#include "config/error.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace gitfs {

/// Deltas of larger objects are refused: git does not make them (core.bigFileThreshold is 512 MB), and they are built
/// in memory.
inline constexpr std::uint64_t largest_in_memory = std::uint64_t{1} << 30;

/// So many bytes at most are made of one deflated byte, by the format itself.
inline constexpr std::uint64_t highest_deflate_ratio = 1032;

/// Allocates `size` bytes, which are not initialised.
std::unique_ptr<char[]> bytes_for(std::uint64_t size);
/// `from`: where in the bytes the contents begin.
object as_object(object_type type, std::unique_ptr<char[]> bytes, std::uint64_t size, std::size_t from = 0);

/// What a stream of so many bytes takes at most as zlib deflates it, whatever its settings (zlib's deflateBound).
std::uint64_t longest_deflated(std::uint64_t size);

/// Inflates the zlib stream at the start of `in`, which must have exactly `size` bytes. Returns the length of the
/// stream. EIO: it is damaged, or has another size.
result<std::size_t> inflate_whole(std::string_view in, char* out, std::size_t size);

/// Inflates up to `size` bytes from the start of a stream of which perhaps not all is in `in`. Returns how many there
/// were: fewer at the end, where the stream is damaged, or where `in` ends.
std::size_t inflate_start(std::string_view in, char* out, std::size_t size);

/// Both, one after the other, as one zlib stream of level fast_compression.
std::string deflated(std::string_view first, std::string_view rest);

} // namespace gitfs
