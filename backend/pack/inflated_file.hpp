// A stretch of a file that zlib deflated.
#pragma once

#include "config/unique_fd.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <zlib.h>

namespace gitfs {

/// Inflates from its beginning on, with a bounded amount of memory. Not thread-safe.
class inflated_file {
public:
  /// From `offset` of the file on, as far as the deflated data go.
  explicit inflated_file(const std::filesystem::path& path, std::uint64_t offset = 0);
  /// The same of an open file, which stays open until this object ends and is not closed by it.
  inflated_file(int file, std::uint64_t offset);
  ~inflated_file();
  inflated_file(const inflated_file&) = delete;
  inflated_file& operator=(const inflated_file&) = delete;

  /// False: errno says why.
  bool is_open() const { return ready_; }

  /// Of the whole file.
  std::uint64_t compressed_size() const;

  /// Fills `out` as far as there is anything; fewer bytes mean the end, a truncated or a damaged file, or the disk.
  std::size_t take(char* out, std::size_t size);

  /// True if everything was taken, and zlib's checksum was right.
  bool at_end() {
    char more;
    return take(&more, 1) == 0 && ended_;
  }

  /// The errno of the disk's failure, or 0.
  int read_error() const { return read_error_; }

private:
  bool refill();

  int fd_;
  unique_fd ours_; ///< the same, if it is to be closed
  std::uint64_t offset_;
  bool ready_ = false, ended_ = false, failed_ = false;
  int read_error_ = 0;
  z_stream stream_{};
  std::array<char, 16384> buffer_;
};

} // namespace gitfs
