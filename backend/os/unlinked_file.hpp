// Files without a name.
#pragma once

#include "config/error.hpp"
#include "config/unique_fd.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

namespace gitfs {

/// A file that nobody else can open. It is gone with its last descriptor, so SIGKILL leaves nothing behind. When its
/// disk takes no more of it, it moves with all that it holds: from its folder to that for temporary files ($TMPDIR,
/// /var/tmp, /tmp), and from there into memory, where all these files together have 64 MB at most.
class unlinked_file {
public:
  /// Makes such a file in `folder`, which is made first if it is missing (0700), or elsewhere. `folder` empty:
  /// elsewhere.
  static result<unlinked_file> make(const std::filesystem::path& folder);

  /// An object without a file.
  static unlinked_file none() { return {}; }

  unlinked_file(unlinked_file&& other) noexcept { *this = std::move(other); }
  unlinked_file& operator=(unlinked_file&& other) noexcept;
  ~unlinked_file();

  /// It changes when the file moves, which only `write` does. Less than 0: the file is in memory.
  int fd() const { return fd_.get(); }
  /// All of it, while it is in memory; else null.
  const char* memory() const { return is_in_memory_ ? memory_.data() : nullptr; }
  /// The bytes that were written so far.
  std::uint64_t size() const { return size_; }

  /// Writes all of `bytes` at that offset. ENOSPC: no place takes them.
  result<void> write(std::string_view bytes, std::uint64_t offset);
  /// Reads `size` bytes from that offset; EIO if the file ends before.
  result<void> read(char* out, std::size_t size, std::uint64_t offset) const;

private:
  unlinked_file() = default;
  bool open_next();
  bool move_on();
  result<void> put(std::string_view bytes, std::uint64_t offset);
  result<void> put_in_memory(std::string_view bytes, std::uint64_t offset);

  unique_fd fd_;
  std::filesystem::path folder_;
  std::size_t place_ = 0; // in the list of places that follows
  std::uint64_t size_ = 0;
  bool is_in_memory_ = false;
  std::string memory_;
};

} // namespace gitfs
