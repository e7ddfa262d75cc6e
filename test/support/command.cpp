#include "test/support/command.hpp"

#include <array>
#include <cstdio>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

namespace gitfs::test {

namespace {

constexpr const char* git_environment = "export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null "
                                        "GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.org "
                                        "GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@example.org "
                                        "GIT_TERMINAL_PROMPT=0 LC_ALL=C.UTF-8; ";

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (char c : text)
    c == '\'' ? out += "'\\''" : out += c;
  return out + "'";
}

} // namespace

command_result run(const std::string& script, const std::filesystem::path& cwd) {
  const std::string line = "cd " + quoted(cwd.string()) + " && exec bash -c "
                           + quoted(std::string{git_environment} + "exec 2>&1; " + script);
  FILE* pipe = ::popen(line.c_str(), "r");
  if (pipe == nullptr)
    throw std::runtime_error("popen failed for: " + script);
  command_result out;
  std::array<char, 65536> buffer;
  for (std::size_t n; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
    out.output.append(buffer.data(), n);
  const int status = ::pclose(pipe);
  out.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return out;
}

std::string must_run(const std::string& script, const std::filesystem::path& cwd) {
  command_result done = run(script, cwd);
  if (done.status != 0)
    throw std::runtime_error("exit status " + std::to_string(done.status) + " from: " + script + "\n" + done.output);
  if (!done.output.empty() && done.output.back() == '\n')
    done.output.pop_back();
  return done.output;
}

std::string as_root(const std::string& script) {
  return (::geteuid() == 0 ? "sh -c " : "sudo -n sh -c ") + quoted(script);
}

} // namespace gitfs::test
