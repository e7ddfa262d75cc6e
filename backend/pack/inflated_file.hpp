// Reads a range of a file that zlib has deflated.
#pragma once

#include "config/unique_fd.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <zlib.h>

namespace gitfs {

/// Inflates from the beginning of the range on, with a bounded amount of memory. Not thread-safe.
class inflated_file {
public:
  /// The range begins at `offset` of the file and ends where the deflated data end.
  explicit inflated_file(const std::filesystem::path& path, std::uint64_t offset = 0);
  /// The same for an open file, which must stay open while this object lives, and which it does not close.
  inflated_file(int file, std::uint64_t offset);
  ~inflated_file();
  inflated_file(const inflated_file&) = delete;
  inflated_file& operator=(const inflated_file&) = delete;

  /// False: errno says why.
  bool is_open() const { return ready_; }

  /// The size of the whole file, in bytes.
  std::uint64_t compressed_size() const;

  /// Reads up to `size` bytes. Fewer bytes mean the end of the data, a truncated or damaged file, or an error of the
  /// disk.
  std::size_t take(char* out, std::size_t size);

  /// True if all data were read and zlib's checksum was right.
  bool at_end() {
    char more;
    return take(&more, 1) == 0 && ended_;
  }

  /// The errno of the disk's failure, or 0.
  int read_error() const { return read_error_; }

private:
  bool refill();

  int fd_;
  unique_fd ours_; ///< the same descriptor, if this object has to close it
  std::uint64_t offset_;
  bool ready_ = false, ended_ = false, failed_ = false;
  int read_error_ = 0;
  z_stream stream_{};
  std::array<char, 16384> buffer_;
};

} // namespace gitfs
