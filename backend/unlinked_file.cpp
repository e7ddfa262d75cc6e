#include "backend/unlinked_file.hpp"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace gitfs {

namespace {

error system_failure(int code, const std::string& what) {
  return {code, what + ": " + std::generic_category().message(code)};
}

} // namespace

result<unlinked_file> unlinked_file::make(const std::filesystem::path& folder) {
  int fd = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0 && errno == ENOENT) {
    std::error_code ignored;
    std::filesystem::create_directories(folder.parent_path(), ignored);
    ::mkdir(folder.c_str(), 0700);
    fd = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  }
  if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) { // network file systems have no files without a name
    std::string name = (folder / ".spool-XXXXXX").string();
    fd = ::mkostemp(name.data(), O_CLOEXEC);
    if (fd >= 0)
      ::unlink(name.c_str());
  }
  if (fd < 0)
    return system_failure(errno, "cannot make a file in " + folder.string());
  return unlinked_file{fd};
}

unlinked_file::~unlinked_file() {
  if (fd_ >= 0)
    ::close(fd_);
}

result<void> unlinked_file::write(std::string_view bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return system_failure(n < 0 ? errno : ENOSPC, "cannot write a large file's contents to disk");
    bytes.remove_prefix(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
  return success();
}

result<void> unlinked_file::read(char* out, std::size_t size, std::uint64_t offset) const {
  while (size != 0) {
    const ssize_t n = ::pread(fd_, out, size, static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return system_failure(n < 0 ? errno : EIO, "cannot read a large file's contents from disk");
    out += n;
    size -= static_cast<std::size_t>(n);
    offset += static_cast<std::uint64_t>(n);
  }
  return success();
}

} // namespace gitfs
