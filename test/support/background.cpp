#include "test/support/background.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace gitfs::test {

void pause_for(std::chrono::milliseconds time) {
  std::this_thread::sleep_for(time);
}

background::background(const std::string& script) {
  const std::string output = (dir_ / "output").string();
  pid_ = ::fork();
  if (pid_ < 0)
    throw std::system_error(errno, std::generic_category(), "fork");
  if (pid_ > 0)
    return;
  ::setpgid(0, 0);
  const int out = ::open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ::dup2(::open("/dev/null", O_RDONLY), 0);
  ::dup2(out, 1);
  ::dup2(out, 2);
  // Boost.Test blocks and handles signals; the commands shall meet them as anywhere else.
  for (const int each : {SIGINT, SIGTERM, SIGPIPE})
    std::signal(each, SIG_DFL);
  ::execl("/bin/bash", "bash", "-c", script.c_str(), nullptr);
  ::_exit(127);
}

background::~background() {
  if (running()) {
    signal(SIGKILL);
    result();
  }
}

void background::signal(int number) const {
  ::kill(-pid_, number);
}

bool background::running() {
  int status = 0;
  if (!status_ && ::waitpid(pid_, &status, WNOHANG) == pid_)
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return !status_;
}

std::optional<command_result> background::result(std::chrono::milliseconds limit) {
  if (!eventually([this] { return !running(); }, limit))
    return std::nullopt;
  std::ifstream in{dir_ / "output"};
  return command_result{*status_, {std::istreambuf_iterator<char>{in}, {}}};
}

} // namespace gitfs::test
