#include "backend/os/child_process.hpp"

#include "config/unique_fd.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <functional>
#include <poll.h>
#include <spawn.h>
#include <string_view>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace gitfs {

namespace {

using clock_type = std::chrono::steady_clock;

/// Ours, with `changes` in place of variables of the same name.
std::vector<std::string> merged_environment(const std::vector<std::string>& changes) {
  std::vector<std::string> out = changes;
  const auto replaced = [&](std::string_view entry) {
    const std::string_view name = entry.substr(0, entry.find('=') + 1);
    return std::any_of(changes.begin(), changes.end(), [&](const std::string& c) { return c.starts_with(name); });
  };
  for (char** entry = environ; *entry != nullptr; ++entry)
    if (!replaced(*entry))
      out.emplace_back(*entry);
  return out;
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> out;
  out.reserve(strings.size() + 1);
  for (const std::string& each : strings)
    out.push_back(const_cast<char*>(each.c_str()));
  out.push_back(nullptr);
  return out;
}

/// A process group of its own, so that helpers of the helper die with it; `channel` is its input and output.
result<pid_t> spawn(const std::vector<std::string>& argv, const std::vector<std::string>& environment, int channel) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&files);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&files, channel, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&files, channel, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  const auto variables = merged_environment(environment);
  pid_t child = -1;
  const int failure =
      ::posix_spawnp(&child, argv[0].c_str(), &files, &attributes, pointers(argv).data(), pointers(variables).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  if (failure != 0)
    return fail(EIO, argv[0] + " cannot be run: " + std::strerror(failure));
  return child;
}

/// Exchanges input and output until the child closes its end.
result<std::string> talk(int channel, int cancelled, std::string_view input, clock_type::time_point deadline) {
  std::string out;
  if (input.empty())
    ::shutdown(channel, SHUT_WR);
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock_type::now());
    if (left.count() <= 0)
      return fail(ETIMEDOUT, "it took too long");
    pollfd fds[] = {{channel, static_cast<short>(input.empty() ? POLLIN : POLLIN | POLLOUT), 0},
                    {cancelled, POLLIN, 0}};
    ::poll(fds, std::size(fds), static_cast<int>(std::min<long>(left.count(), 60'000)));
    if (fds[1].revents != 0)
      return fail(ECANCELED, "it was cancelled");
    if ((fds[0].revents & POLLOUT) != 0 && !input.empty()) {
      const ssize_t sent = ::send(channel, input.data(), input.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      // a child that does not want to read on may still answer
      input.remove_prefix(sent > 0 ? static_cast<std::size_t>(sent) : errno == EPIPE ? input.size() : 0);
      if (input.empty())
        ::shutdown(channel, SHUT_WR);
    }
    if ((fds[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
      char buffer[4096];
      const ssize_t got = ::recv(channel, buffer, sizeof buffer, MSG_DONTWAIT);
      if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
        return out;
      out.append(buffer, got > 0 ? static_cast<std::size_t>(got) : 0);
    }
  }
}

/// The status of an exited child as waitpid gives it; kills it at the deadline, or at once if `kill_now`.
int reap(pid_t child, bool kill_now, clock_type::time_point deadline) {
  int status = -1;
  for (;;) {
    if (kill_now || clock_type::now() >= deadline)
      ::kill(-child, SIGKILL);
    const pid_t done = ::waitpid(child, &status, kill_now ? 0 : WNOHANG);
    if (done == child)
      return status;
    if (done < 0 && errno != EINTR)
      return 0;                                                // somebody ignores SIGCHLD: its output has to do
    std::this_thread::sleep_for(std::chrono::milliseconds{2}); // it has closed its output and is about to exit
  }
}

} // namespace

result<std::string> run_child(const std::vector<std::string>& argv, const std::vector<std::string>& environment,
                              const std::string& input, std::stop_token stop,
                              std::chrono::steady_clock::time_point deadline) {
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
    return fail(EIO, std::string{"no socket for a child process: "} + std::strerror(errno));
  const unique_fd ours{pair[0]};
  unique_fd theirs{pair[1]};
  const unique_fd cancelled{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  if (!cancelled)
    return fail(EIO, std::string{"no eventfd for a child process: "} + std::strerror(errno));
  const std::stop_callback on_stop{std::move(stop), [&] { ::eventfd_write(cancelled.get(), 1); }};
  GITFS_TRY(child, spawn(argv, environment, theirs.get()));
  theirs.reset();
  auto output = talk(ours.get(), cancelled.get(), input, deadline);
  const int status = reap(child, !output, deadline);
  if (output && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
    return fail(EIO, argv[0] + " failed");
  return output;
}

} // namespace gitfs
