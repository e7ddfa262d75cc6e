#include "backend/os/unlinked_file.hpp"

#include "backend/os/file_io.hpp"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace gitfs {

result<unlinked_file> unlinked_file::make(const std::filesystem::path& folder) {
  unique_fd fd{::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)};
  if (!fd && errno == ENOENT) {
    std::error_code ignored;
    std::filesystem::create_directories(folder.parent_path(), ignored);
    ::mkdir(folder.c_str(), 0700);
    fd.reset(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  }
  if (!fd && (errno == EOPNOTSUPP || errno == EISDIR)) { // network file systems have no files without a name
    std::string name = (folder / ".blob_files-XXXXXX").string();
    fd.reset(::mkostemp(name.data(), O_CLOEXEC));
    if (fd)
      ::unlink(name.c_str());
  }
  if (!fd)
    return system_failure(errno, "cannot make a file in " + folder.string());
  return unlinked_file{std::move(fd)};
}

result<void> unlinked_file::write(std::string_view bytes, std::uint64_t offset) {
  return write_at(fd_.get(), bytes, offset, "cannot write a large file's contents to disk");
}

result<void> unlinked_file::read(char* out, std::size_t size, std::uint64_t offset) const {
  return read_at(fd_.get(), out, size, offset, "cannot read a large file's contents from disk");
}

} // namespace gitfs
