// Where the bytes of an arriving pack are written, and read again.
#pragma once

#include "backend/os/unlinked_file.hpp"
#include "config/error.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gitfs {

/// The bytes of one pack: in a file that somebody else owns, as long as its disk takes them; else in memory, and from
/// 1 MB on in an unlinked_file, wherever there is room for one. Not thread-safe.
class pack_bytes {
public:
  /// In `file`, which outlives this object or `leave`. Less than 0: not in a file from the beginning.
  explicit pack_bytes(int file) : file_(file) {}

  /// Writes all of `bytes` at that offset. An error only if no place takes them.
  result<void> write(std::string_view bytes, std::uint64_t offset);
  /// Reads from that offset. The disk's error, or EIO if there are not so many bytes.
  result<void> read(char* out, std::size_t size, std::uint64_t offset) const;

  /// Copies everything out of the owner's file, if it is there still.
  result<void> leave();
  /// True if the bytes are in the owner's file.
  bool is_in_file() const { return file_ >= 0; }
  /// Why they are not there any more, or not all; none: nothing failed.
  const std::optional<error>& failure() const { return failure_; }

  std::uint64_t size() const { return size_; }
  /// The bytes of memory that this object takes.
  std::uint64_t memory() const {
    return held_.capacity() + (elsewhere_ && elsewhere_->memory() != nullptr ? elsewhere_->size() : 0);
  }

private:
  result<void> hold(std::string_view bytes, std::uint64_t offset);

  int file_;
  std::uint64_t size_ = 0;
  std::optional<error> failure_;
  std::string held_;
  std::optional<unlinked_file> elsewhere_; // then `held_` is empty
};

} // namespace gitfs
