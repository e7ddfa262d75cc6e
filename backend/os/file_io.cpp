#include "backend/os/file_io.hpp"

#include "config/unique_fd.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <string>
#include <unistd.h>

namespace gitfs {

result<void> write_at(int file, std::string_view bytes, std::uint64_t offset, std::string_view what) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return system_failure(n < 0 ? errno : ENOSPC, std::string{what});
    bytes.remove_prefix(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
  return success();
}

result<void> read_at(int file, char* out, std::size_t size, std::uint64_t offset, std::string_view what) {
  GITFS_TRY(got, read_up_to(file, out, size, offset, what));
  if (got != size)
    return fail(EIO, std::string{what} + ": it ends before");
  return success();
}

result<std::size_t> read_up_to(int file, char* out, std::size_t size, std::uint64_t offset, std::string_view what) {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t n = ::pread(file, out + done, size - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return system_failure(errno, std::string{what});
    if (n == 0)
      break;
    done += static_cast<std::size_t>(n);
  }
  return done;
}

std::string contents_of(const std::filesystem::path& file) {
  const unique_fd fd{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
  std::string out;
  std::array<char, 16384> piece;
  for (ssize_t n = 0; (n = ::read(fd.get(), piece.data(), piece.size())) != 0;)
    if (n > 0)
      out.append(piece.data(), static_cast<std::size_t>(n));
    else if (errno != EINTR)
      break;
  return out;
}

std::string limit_remedy(int code) {
  return code == EMFILE || code == ENFILE
             ? "; allow this process more open files (LimitNOFILE= of its unit, ulimit -Hn)"
             : "";
}

} // namespace gitfs
