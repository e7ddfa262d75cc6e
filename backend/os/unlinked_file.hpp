// Files without a name.
#pragma once

#include "config/error.hpp"
#include "config/unique_fd.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string_view>
#include <utility>

namespace gitfs {

/// A file that nobody else can open. It is gone with its last descriptor, so SIGKILL leaves nothing behind.
class unlinked_file {
public:
  /// Makes such a file in `folder`, which is made first if it is missing (0700). The errors are the disk's.
  static result<unlinked_file> make(const std::filesystem::path& folder);

  /// An object without a file.
  static unlinked_file none() { return unlinked_file{unique_fd{}}; }

  int fd() const { return fd_.get(); }

  /// Writes all of `bytes` at that offset.
  result<void> write(std::string_view bytes, std::uint64_t offset);
  /// Reads `size` bytes from that offset; EIO if the file ends before.
  result<void> read(char* out, std::size_t size, std::uint64_t offset) const;

private:
  explicit unlinked_file(unique_fd fd) : fd_(std::move(fd)) {}

  unique_fd fd_;
};

} // namespace gitfs
