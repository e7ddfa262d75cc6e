#include "fuse_bridge/control.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <sstream>
#include <unistd.h>

namespace gitfs {

result<std::map<std::string, std::uint64_t>> ask_report(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return fail(errno, "cannot open " + path.string() + ": " + std::strerror(errno));
  auto buffer = std::make_unique<report_buffer>();
  const int done = ::ioctl(fd, report_command, buffer.get());
  const int code = errno;
  ::close(fd);
  if (done < 0)
    return fail(code == ENOSYS ? ENOTTY : code, path.string() + " is not a mount of gitfs-actor");
  buffer->text[report_size - 1] = '\0';
  std::map<std::string, std::uint64_t> out;
  std::istringstream lines{buffer->text};
  std::string name;
  for (std::uint64_t value = 0; lines >> name >> value;)
    out[name] = value;
  return out;
}

} // namespace gitfs
