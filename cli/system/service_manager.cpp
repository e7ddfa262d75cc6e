#include "cli/system/service_manager.hpp"

#include "config/unique_fd.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace gitfs {

service_manager service_manager::take_from_environment() {
  service_manager out;
  if (const char* name = std::getenv("NOTIFY_SOCKET"); name != nullptr && (*name == '/' || *name == '@'))
    out.socket_ = name;
  ::unsetenv("NOTIFY_SOCKET");
  return out;
}

void service_manager::ready(std::string_view status, pid_t process) const {
  // systemd must be told the process, because it is not the one that systemd started if the mount goes into the
  // background, or was there before.
  tell("READY=1\nMAINPID=" + std::to_string(process != 0 ? process : ::getpid()) + "\nSTATUS=" + std::string{status});
}

void service_manager::reloading() const {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const auto microseconds = std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
  tell("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds) + "\nSTATUS=reloading");
}

void service_manager::stopping() const {
  tell("STOPPING=1\nSTATUS=unmounting");
}

void service_manager::failed(std::string_view why) const {
  tell("STATUS=" + std::string{why});
}

void service_manager::tell(const std::string& text) const {
  sockaddr_un address{};
  if (socket_.empty() || socket_.size() >= sizeof address.sun_path)
    return;
  address.sun_family = AF_UNIX;
  std::ranges::copy(socket_, address.sun_path);
  if (address.sun_path[0] == '@')
    address.sun_path[0] = '\0'; // '@' stands for the NUL byte that begins an abstract name
  const unique_fd fd{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  if (!fd)
    return;
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  (void)!::sendto(fd.get(), text.data(), text.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address),
                  length);
}

} // namespace gitfs
