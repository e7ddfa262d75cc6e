#include "cli/commands/commands.hpp"

#include "cli/commands/named_files.hpp"
#include "cli/commands/prefetch_progress.hpp"
#include "cli/commands/subtree_reader.hpp"
#include "cli/system/control.hpp"
#include "config/byte_size.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fmt/core.h>
#include <map>
#include <optional>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace gitfs {

namespace {

using std::string;
using clock_type = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr int work_ended = SIGUSR1; // tells the main thread, which waits for signals

// Counts the requests that mounts make to their servers while this command runs.
class upstream_counters {
public:
  /// Adds the mount that `path` is in. ENOTTY: `path` is in no mount of gitfs-actor.
  result<void> add(const string& path) {
    struct stat st {};
    if (::stat(path.c_str(), &st) != 0) {
      const int code = errno;
      if (code == ENOTCONN || code == ECONNABORTED)
        GITFS_TRYV(ask_report(path)); // the process of the mount has died, and this error says so
      return fail(code, "cannot read " + path + ": " + std::strerror(code));
    }
    if (folders_.contains(st.st_dev))
      return success();
    std::error_code code;
    const auto real = std::filesystem::canonical(path, code);
    const auto folder = S_ISDIR(st.st_mode) ? real : real.parent_path();
    auto report = ask_report(folder);
    if (!report && report.error().code == ENOTTY)
      return fail(ENOTTY, path + " is not in a mount of gitfs-actor");
    if (!report)
      return report.as_failure();
    folders_.emplace(st.st_dev, folder);
    before_.add(report.value());
    return success();
  }

  struct sums {
    std::uint64_t requests = 0, bytes = 0;
    void add(const std::map<string, std::uint64_t>& report) {
      const auto value = [&](const char* name) {
        const auto found = report.find(name);
        return found == report.end() ? 0 : found->second;
      };
      requests += value("upstream.requests");
      bytes += value("upstream.bytes");
    }
  };
  /// The requests since the mounts were added; none if a mount has ended.
  std::optional<sums> since() const {
    sums now;
    for (const auto& [device, folder] : folders_) {
      const auto report = ask_report(folder);
      if (!report)
        return std::nullopt;
      now.add(report.value());
    }
    return sums{now.requests - before_.requests, now.bytes - before_.bytes};
  }

private:
  std::map<dev_t, std::filesystem::path> folders_;
  sums before_;
};

// Shows the progress on standard error: on a terminal as one line that is redrawn, else as a line every few seconds.
class display {
public:
  display() : terminal_(::isatty(STDERR_FILENO) == 1) {}

  std::chrono::milliseconds interval() const { return terminal_ ? 100ms : 3000ms; }

  void show(const subtree_reader::progress& now) {
    if (!now.walking && !reading_since_)
      reading_since_ = clock_type::now();
    const double seconds =
        reading_since_ ? std::chrono::duration<double>{clock_type::now() - *reading_since_}.count() : 0;
    const string line = progress_line(now, seconds, terminal_ ? columns() : 0);
    std::fprintf(stderr, terminal_ ? "\r%s\x1b[K" : "%s\n", line.c_str());
  }
  void clear() const {
    if (terminal_)
      std::fputs("\r\x1b[K", stderr);
  }
  /// Any thread.
  void say(const string& line) const { std::fprintf(stderr, "%s%s\n", terminal_ ? "\r\x1b[K" : "", line.c_str()); }

private:
  static std::size_t columns() {
    constexpr std::size_t usual = 80;
    winsize size{};
    return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col != 0 ? size.ws_col : usual;
  }
  bool terminal_;
  std::optional<clock_type::time_point> reading_since_;
};

string summary(const subtree_reader::progress& now, bool dry_run, double seconds, const upstream_counters& mounts) {
  string out = dry_run ? fmt::format("there are {} files with {} in {} folders", now.files, show_byte_size(now.bytes),
                                     now.folders)
                       : fmt::format("read {} of {} files, {} of {}, in {} folders", now.files_read, now.files,
                                     show_byte_size(now.bytes_read), show_byte_size(now.bytes), now.folders);
  out += fmt::format("; {:.1f} s", seconds);
  if (const auto took = mounts.since())
    out += fmt::format(", {} upstream requests, {} received", took->requests, show_byte_size(took->bytes));
  if (now.failures != 0)
    out += fmt::format("; {} could not be read", now.failures);
  return out + "\n";
}

int failed(const string& message) {
  std::fprintf(stderr, "gitfs-actor: %s\n", message.c_str());
  return 1;
}

} // namespace

int run_prefetch(const prefetch_options& options) {
  named_files named{options.below};
  for (const string& each : options.patterns)
    if (each != "-")
      named.add(each);
  // Paths that are in no mount of gitfs-actor are not read, because a slip in a path could name the whole disk. If one
  // is among the arguments, nothing is done. If one is in a list, which a program has made, the others are read all the
  // same.
  if (!named.outside().empty())
    return failed(named.outside().front() + " is not in a mount of gitfs-actor");
  if (std::ranges::find(options.patterns, "-") != options.patterns.end())
    if (auto read = named.add_list(STDIN_FILENO, options.null ? '\0' : '\n'); !read)
      return failed(read.error().message);
  upstream_counters mounts;
  for (const string& each : named.mounts())
    if (auto added = mounts.add(each); !added)
      return failed(added.error().message);
  sigset_t ours, before;
  sigemptyset(&ours);
  for (const int each : {SIGINT, SIGTERM, SIGHUP, work_ended})
    sigaddset(&ours, each);
  pthread_sigmask(SIG_BLOCK, &ours, &before);

  display out;
  const auto begin = clock_type::now();
  subtree_reader reader{{}, options.readers, !options.dry_run, [&out](const string& path, int code) {
                          out.say("gitfs-actor: " + path + ": " + why_not(code));
                        }};
  // Other threads do the work, so a signal ends the process at once, and these threads with it.
  const pthread_t waiter = pthread_self();
  std::thread work{[&] {
    named.bring(reader, options.dry_run);
    reader.run();
    pthread_kill(waiter, work_ended);
  }};
  const auto tick = std::chrono::duration_cast<std::chrono::nanoseconds>(out.interval()).count();
  const timespec interval{tick / 1'000'000'000, tick % 1'000'000'000};
  int signal = 0;
  while ((signal = ::sigtimedwait(&ours, nullptr, &interval)) < 0)
    out.show(reader.now());
  out.clear();
  const double seconds = std::chrono::duration<double>{clock_type::now() - begin}.count();
  if (signal != work_ended) {
    print_out("interrupted: " + summary(reader.now(), options.dry_run, seconds, mounts));
    std::fflush(stdout);
    std::signal(signal, SIG_DFL);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    ::raise(signal); // so that the parent process sees which signal has ended this one
    ::_exit(128 + signal);
  }
  work.join();
  print_out(summary(reader.now(), options.dry_run, seconds, mounts));
  return reader.now().failures != 0 ? 1 : 0;
}

} // namespace gitfs
