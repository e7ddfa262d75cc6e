// Stores the bytes of an arriving pack, and reads them again.
#pragma once

#include "backend/os/unlinked_file.hpp"
#include "config/error.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gitfs {

/// The bytes of one pack. They are in a file that the caller owns, as long as its disk takes them. After that they are
/// in memory, or, from 1 MB on, in an unlinked_file on any disk that has room. Not thread-safe.
class pack_bytes {
public:
  /// `file` stays open as long as this object lives, or until `leave`. Less than 0: there is no file from the
  /// beginning.
  explicit pack_bytes(int file) : file_(file) {}

  /// Writes all of `bytes` at that offset. Fails only if there is room for them nowhere.
  result<void> write(std::string_view bytes, std::uint64_t offset);
  /// Reads `size` bytes from that offset. EIO: there are not so many bytes. Otherwise the disk's error.
  result<void> read(char* out, std::size_t size, std::uint64_t offset) const;

  /// Copies the bytes out of the caller's file, if they are in it.
  result<void> leave();
  /// True if the bytes are in the caller's file.
  bool is_in_file() const { return file_ >= 0; }
  /// The error because of which the bytes, or some of them, are not in the caller's file any more; none: nothing
  /// failed.
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
  std::optional<unlinked_file> elsewhere_; // if it is set, `held_` is empty
};

} // namespace gitfs
