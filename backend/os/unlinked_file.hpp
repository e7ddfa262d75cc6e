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

/// A file that nobody else can open, and that is gone with the last descriptor of it: also after SIGKILL.
class unlinked_file {
public:
  /// In `folder`, which is made if need be (0700). Otherwise the disk's error.
  static result<unlinked_file> make(const std::filesystem::path& folder);

  /// Stands for one that is not there.
  static unlinked_file none() { return unlinked_file{unique_fd{}}; }

  int fd() const { return fd_.get(); }

  /// Writes all of `bytes` there.
  result<void> write(std::string_view bytes, std::uint64_t offset);
  /// Fills all of `out` from there; EIO if the file ends before.
  result<void> read(char* out, std::size_t size, std::uint64_t offset) const;

private:
  explicit unlinked_file(unique_fd fd) : fd_(std::move(fd)) {}

  unique_fd fd_;
};

} // namespace gitfs
