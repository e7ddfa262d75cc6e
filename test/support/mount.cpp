#include "test/support/mount.hpp"

#include "test/support/command.hpp"

#include <rapidjson/document.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <unistd.h>
#include <utility>

namespace gitfs::test {

namespace {

using std::chrono::milliseconds;

std::string binary() {
  const char* path = std::getenv("GITFS_BINARY");
  if (path == nullptr)
    throw std::runtime_error("GITFS_BINARY is not set: run the tests with ctest");
  return shell_quoted(path);
}

std::string content(const std::filesystem::path& file) {
  std::ifstream in{file};
  return {std::istreambuf_iterator<char>{in}, {}};
}

// A zombie counts as gone: in a container there may be nobody to reap it.
bool is_alive(pid_t pid) {
  const std::string stat = content("/proc/" + std::to_string(pid) + "/stat");
  const auto name_end = stat.rfind(") ");
  return name_end != std::string::npos && stat[name_end + 2] != 'Z' && stat[name_end + 2] != 'X';
}

template <class Condition>
bool wait_until(Condition holds, milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  for (milliseconds pause{1}; !holds(); pause = std::min(pause * 2, milliseconds{100})) {
    if (std::chrono::steady_clock::now() > end)
      return false;
    std::this_thread::sleep_for(pause);
  }
  return true;
}

} // namespace

std::string shell_quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text)
    c == '\'' ? out += "'\\''" : out += c;
  return out + "'";
}

program_result run_program(const std::vector<std::string>& arguments) {
  std::string line = binary();
  for (const std::string& each : arguments)
    line += " " + shell_quoted(each);
  auto done = run(line);
  return {done.status, std::move(done.output)};
}

// Whose owner removes the folder meanwhile, that mount is gone already.
std::string without_mounts_of_others(const std::filesystem::path& kept) {
  return "awk -v kept=" + shell_quoted(kept)
         + " '$3 ~ /^fuse[.]gitfs/ && $2 != kept { print $2 }' /proc/self/mounts | "
           "while read -r each; do umount -l \"$each\" 2>/dev/null || :; done; ";
}

bool sanitized() {
  return std::getenv("GITFS_SANITIZED") != nullptr;
}

bool is_mounted(const std::filesystem::path& path) {
  // /proc/mounts writes the bytes that would break its columns in octal; the folders of tests have none of them.
  std::istringstream mounts{content("/proc/self/mounts")};
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream fields{line};
    std::string what;
    std::string where;
    fields >> what >> where;
    if (where == path)
      return true;
  }
  return false;
}

mount::mount(std::string source, std::vector<std::string> options)
  : mount{mount_plan{.source = std::move(source), .options = std::move(options)}} {}

mount::mount(mount_plan plan)
  : mountpoint_{plan.mountpoint.empty() ? dir_ / "mnt" : plan.mountpoint},
    cache_dir_{plan.cache_dir.empty() ? dir_ / "cache" : plan.cache_dir},
    log_file_{dir_ / "log"} {
  if (plan.mountpoint.empty())
    std::filesystem::create_directory(mountpoint_);
  const auto pid_file = dir_ / "pid";
  // A file and no pipe takes the output: a daemon that kept a pipe open would make us wait for ever.
  const auto output = dir_ / "output";
  std::vector<std::string> arguments{"mount",   "--cache-dir", cache_dir_.string(), "--log-file",
                                     log_file_, "--pid-file",  pid_file.string(),   "--log-level=debug"};
  arguments.insert(arguments.end(), plan.options.begin(), plan.options.end());
  if (!plan.config.empty()) {
    std::ofstream{config_file()} << plan.config;
    arguments.insert(arguments.end(), {"--config", config_file(), "--", mountpoint_.string()});
  } else {
    arguments.insert(arguments.end(), {"--", plan.source, mountpoint_.string()});
  }
  std::string line = binary();
  for (const std::string& each : arguments)
    line += " " + shell_quoted(each);
  const int status = run(line + " >" + shell_quoted(output) + " 2>&1 </dev/null").status;
  mounted_ = is_mounted(mountpoint_);
  if (std::ifstream in{pid_file}; in)
    in >> pid_;
  if (status == 0 && mounted_ && pid_ > 0)
    return;
  std::string message = "exit status " + std::to_string(status) + (mounted_ ? "" : ", nothing mounted")
                        + (pid_ > 0 ? "" : ", no pid file") + ", by: " + line + "\n" + content(output) + log();
  if (mounted_)
    run("fusermount3 -uz " + shell_quoted(mountpoint_));
  throw std::runtime_error(message);
}

mount::~mount() {
  if (!mounted_)
    return;
  try {
    unmount();
  } catch (const std::exception& e) {
    run("fusermount3 -uz " + shell_quoted(mountpoint_));
    std::cerr << "a test's mount does not end: " << e.what() << '\n' << log();
    if (is_alive(pid_))
      ::kill(pid_, SIGKILL);
    std::abort();
  }
}

std::size_t mount::resident() const {
  std::ifstream status{"/proc/" + std::to_string(pid_) + "/status"};
  for (std::string word; status >> word;)
    if (std::size_t kilobytes = 0; word == "VmRSS:" && status >> kilobytes)
      return kilobytes * 1024;
  throw std::runtime_error("the process of the mount is gone\n" + log());
}

std::uint64_t mount::counter(const std::string& name) const {
  const auto done = run_program({"stats", "--json", mountpoint_.string()});
  rapidjson::Document all;
  all.Parse(done.output.c_str());
  if (all.IsObject())
    if (const auto found = all.FindMember(name.c_str()); found != all.MemberEnd())
      return found->value.GetUint64();
  throw std::runtime_error("no counter " + name + " in: " + done.output);
}

std::string mount::log() const {
  return content(log_file_);
}

void mount::unmount() {
  program_result last;
  const bool done = wait_until(
      [&] {
        last = run_program({"unmount", mountpoint_.string()});
        // A namespace that another test has made this moment may hold a copy.
        return last.status == 0 || last.output.find(" is unmounted, but process ") != std::string::npos;
      },
      milliseconds{10'000});
  if (!done)
    throw std::runtime_error("unmount: exit status " + std::to_string(last.status) + "\n" + last.output);
  if (is_mounted(mountpoint_))
    throw std::runtime_error("unmount said it was done, but " + mountpoint_.string() + " is still mounted");
  mounted_ = false;
  wait_for_exit();
}

void mount::expect_end() {
  wait_for_exit();
  if (is_mounted(mountpoint_))
    throw std::runtime_error("the process is gone, but " + mountpoint_.string() + " is still mounted");
  mounted_ = false;
}

void mount::crash() {
  ::kill(pid_, SIGKILL);
  wait_for_exit();
  mounted_ = false;
}

void mount::kill() {
  crash();
  // With auto_unmount somebody else may have been faster.
  const auto done = run("fusermount3 -uz " + shell_quoted(mountpoint_));
  if (done.status != 0 && is_mounted(mountpoint_))
    throw std::runtime_error(done.output);
  mounted_ = false;
}

void mount::wait_for_exit() const {
  // Not a few seconds: a pack that has just been written waits for the disk, and the disk is what all tests share.
  if (!wait_until([&] { return !is_alive(pid_); }, milliseconds{60'000})) {
    ::kill(pid_, SIGKILL);
    throw std::runtime_error("process " + std::to_string(pid_) + " outlives its mount\n" + log());
  }
}

} // namespace gitfs::test
