// The bytes of an actor trace, as docs/trace-format.md specifies them. Nothing here allocates or blocks, but for
// reading.
#pragma once

#include "backend/git/oid.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace gitfs::trace {

inline constexpr std::uint32_t format_version = 1;
inline constexpr std::size_t file_header_size = 32;
inline constexpr std::size_t block_header_size = 32;
/// Header and payload. One fits into an ioctl (16,383 bytes), which is how a ring is read from a running mount.
inline constexpr std::size_t block_size = 12 * 1024;
/// Of a payload, for readers: a later version of the program may write longer ones than this one does.
inline constexpr std::size_t longest_payload = 1U << 20;
/// Names are cut there: the kernel's own limit for one (FUSE_NAME_MAX).
inline constexpr std::size_t longest_text = 1024;
/// Of the oids in one record; more take more records.
inline constexpr std::size_t most_ids = longest_text / oid::raw_size;
/// No record of this version is longer.
inline constexpr std::size_t longest_record = longest_text + 256;

/// The bytes of oids, one after the other.
inline std::string_view raw_ids(std::span<const oid> ids) {
  static_assert(sizeof(oid) == oid::raw_size);
  return {reinterpret_cast<const char*>(ids.data()), ids.size_bytes()};
}

struct file_header {
  std::uint64_t started = 0; ///< the wall clock where the trace's time is 0, in nanoseconds since 1970
  std::uint32_t process = 0;
};

struct block_header {
  std::uint32_t length = 0;      ///< of the payload
  std::uint64_t first_order = 0; ///< what the first record's order is counted from
  std::uint64_t first_time = 0;  ///< the same for its time
  std::uint32_t payload_crc = 0;
};

/// Write the header's bytes; safe in a signal handler. The payload's CRC-32 is computed here.
void put_file_header(char (&to)[file_header_size], const file_header& header);
void put_block_header(char (&to)[block_header_size], std::uint64_t first_order, std::uint64_t first_time,
                      std::string_view payload);

/// What the bytes say. `wrong` tells what is the matter with them; null if nothing is.
file_header get_file_header(std::string_view bytes, const char*& wrong);
block_header get_block_header(std::string_view bytes, const char*& wrong);
/// The version that a file header states, whether or not it is ours. None: not a trace.
std::optional<std::uint32_t> version_of(std::string_view bytes);
bool payload_fits(const block_header& header, std::string_view payload);

/// Appends the fields of a record to room that suffices (longest_record).
class encoder {
public:
  explicit encoder(char* to) : at_(to) {}

  /// LEB128: seven bits a byte, the lowest first.
  void number(std::uint64_t value) {
    while (value >= 0x80) {
      *at_++ = static_cast<char>(value | 0x80);
      value >>= 7;
    }
    *at_++ = static_cast<char>(value);
  }
  /// Zigzag: the sign in the lowest bit.
  void difference(std::uint64_t value, std::uint64_t from) {
    const auto d = static_cast<std::int64_t>(value - from);
    number((static_cast<std::uint64_t>(d) << 1) ^ static_cast<std::uint64_t>(d >> 63));
  }
  /// Eight bytes, the lowest first: for hashes.
  void fixed(std::uint64_t value) {
    for (int i = 0; i < 8; ++i)
      *at_++ = static_cast<char>(value >> (8 * i));
  }
  void text(std::string_view value);
  void id(const oid& value);

  char* at() const { return at_; }

private:
  char* at_;
};

/// The reverse. What is not there or not well-formed is 0 or empty, and makes the decoder bad.
class decoder {
public:
  explicit decoder(std::string_view bytes) : rest_(bytes) {}

  std::uint64_t number();
  std::uint64_t difference(std::uint64_t from);
  std::uint64_t fixed();
  std::string_view text();
  std::string_view bytes(std::size_t count);
  oid id();

  std::string_view rest() const { return rest_; }
  bool bad() const { return bad_; }

private:
  std::string_view rest_;
  bool bad_ = false;
};

/// Puts records into one block, one after the other. The block's bytes belong to the caller, who sees to it that there
/// is room.
class block_writer {
public:
  block_writer() = default;
  /// `block`: block_size bytes, of which the first block_header_size are left alone.
  explicit block_writer(char* block) : block_(block) {}

  bool has_room() const { return block_ != nullptr && used_ + longest_record <= block_size - block_header_size; }
  std::size_t used() const { return used_; }
  std::uint64_t first_order() const { return first_order_; }
  std::uint64_t first_time() const { return first_time_; }

  /// The fields of the record are to be written to what this gives; then `end` is called with it.
  encoder begin(std::uint32_t kind, std::uint64_t order, std::uint64_t time);
  void end(const encoder& record);

private:
  char* block_ = nullptr;
  char* length_at_ = nullptr;
  std::size_t used_ = 0;
  std::uint64_t first_order_ = 0, first_time_ = 0;
  std::uint64_t last_order_ = 0, last_time_ = 0;
};

} // namespace gitfs::trace
