#include "cli/system/daemon.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace gitfs {

namespace {

constexpr char ready = '+';

[[noreturn]] void relay(int from, pid_t child) {
  std::string message;
  std::array<char, 4096> buffer;
  for (ssize_t n; (n = ::read(from, buffer.data(), buffer.size())) != 0;) {
    if (n > 0)
      message.append(buffer.data(), static_cast<std::size_t>(n));
    else if (errno != EINTR)
      break;
  }
  if (message.empty()) { // the child died before it could report
    int status = 0;
    ::waitpid(child, &status, 0);
    std::fprintf(stderr, "gitfs-actor: the mount process ended unexpectedly (%s %d); its log may say why\n",
                 WIFSIGNALED(status) ? "signal" : "status",
                 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    std::_Exit(1);
  }
  const bool good = message.front() == ready;
  if (message.size() > 1)
    std::fprintf(good ? stdout : stderr, "%s\n", message.c_str() + 1);
  std::fflush(stdout);
  std::_Exit(good ? 0 : 1);
}

} // namespace

result<daemon_start> daemon_start::begin(bool foreground) {
  daemon_start out;
  out.foreground_ = foreground;
  if (foreground)
    return out;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return fail(errno, std::string{"cannot make a pipe: "} + std::strerror(errno));
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child < 0)
    return fail(errno, std::string{"cannot fork: "} + std::strerror(errno));
  unique_fd from{ends[0]}, to{ends[1]};
  if (child > 0) {
    to.reset();
    relay(from.get(), child);
  }
  out.pipe_ = std::move(to);
  ::setsid();
  return out;
}

void daemon_start::report(char status, const std::string& line) {
  const std::string text = status + line;
  for (std::size_t sent = 0; sent < text.size();) {
    const ssize_t n = ::write(pipe_.get(), text.data() + sent, text.size() - sent);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      break; // the parent has ended; the mount goes on without it
    sent += static_cast<std::size_t>(n);
  }
  pipe_.reset();
}

void daemon_start::succeeded(const std::string& line) {
  if (foreground_) {
    if (!line.empty())
      std::printf("%s\n", line.c_str());
    std::fflush(stdout);
    return;
  }
  // The mount leaves the terminal before it reports. Otherwise a program that reads our output to its end would wait
  // until the unmount.
  if (::chdir("/") != 0)
    std::fprintf(stderr, "gitfs-actor: cannot change to /: %s\n", std::strerror(errno));
  unique_fd null{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  for (int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    ::dup2(null.get(), fd);
  if (null.get() <= STDERR_FILENO)
    (void)null.release(); // this descriptor is itself one of the three, and stays open
  report(ready, line);
}

void daemon_start::failed(const std::string& line) {
  if (foreground_)
    std::fprintf(stderr, "%s\n", line.c_str());
  else
    report('-', line);
}

} // namespace gitfs
