// The bytes of a trace, as docs/trace-format.md specifies them. Nothing here allocates or blocks, except what reads.
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
/// The size of a block, header and payload. A block fits into an ioctl (16,383 bytes), by which the ring of a running
/// mount can be read.
inline constexpr std::size_t block_size = 12 * 1024;
/// The longest payload that readers accept. A later version of the program may write longer payloads than this one
/// does.
inline constexpr std::size_t longest_payload = 1U << 20;
/// Longer names are cut. It is the kernel's own limit of a name (FUSE_NAME_MAX).
inline constexpr std::size_t longest_text = 1024;
/// The most oids in one record; a longer list takes several records.
inline constexpr std::size_t most_ids = longest_text / oid::raw_size;
/// No record of this version is longer.
inline constexpr std::size_t longest_record = longest_text + 256;

/// The bytes of oids, one after the other.
inline std::string_view raw_ids(std::span<const oid> ids) {
  static_assert(sizeof(oid) == oid::raw_size);
  return {reinterpret_cast<const char*>(ids.data()), ids.size_bytes()};
}

struct file_header {
  std::uint64_t started = 0; ///< the wall clock when the trace's time was 0, in nanoseconds since 1970
  std::uint32_t process = 0;
};

struct block_header {
  std::uint32_t length = 0;      ///< length of the payload, in bytes
  std::uint64_t first_order = 0; ///< the order number of the first record is a difference from this one
  std::uint64_t first_time = 0;  ///< the same for its time
  std::uint32_t payload_crc = 0;
};

/// Write the header's bytes; safe in a signal handler. The payload's CRC-32 is computed here.
void put_file_header(char (&to)[file_header_size], const file_header& header);
void put_block_header(char (&to)[block_header_size], std::uint64_t first_order, std::uint64_t first_time,
                      std::string_view payload);

/// Read a header. `wrong` says what is wrong with the bytes; null if nothing is.
file_header get_file_header(std::string_view bytes, const char*& wrong);
block_header get_block_header(std::string_view bytes, const char*& wrong);
/// The version that a file header names, which need not be ours. None: the bytes are no trace.
std::optional<std::uint32_t> version_of(std::string_view bytes);
bool payload_fits(const block_header& header, std::string_view payload);

/// Appends the fields of a record to a buffer that must have enough room (longest_record).
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

/// Reads what an encoder has written. A value that is missing or not well-formed is read as 0 or empty, and makes the
/// decoder bad.
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

/// Puts records into one block, one after the other. The block's bytes belong to the caller, which checks has_room
/// before each record.
class block_writer {
public:
  block_writer() = default;
  /// `block`: block_size bytes, of which the first block_header_size are left alone.
  explicit block_writer(char* block) : block_(block) {}

  bool has_room() const { return block_ != nullptr && used_ + longest_record <= block_size - block_header_size; }
  std::size_t used() const { return used_; }
  std::uint64_t first_order() const { return first_order_; }
  std::uint64_t first_time() const { return first_time_; }

  /// Begins a record. The caller writes the fields to the returned encoder, and then calls `end` with it.
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
