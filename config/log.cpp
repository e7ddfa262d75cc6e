#include "config/log.hpp"

#include "config/log_setup.hpp"
#include "config/unique_fd.hpp"
#include "config/url.hpp"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace gitfs {

namespace {

// create_directories cannot be told a mode, and what is read through a mount may be private.
std::error_code make_private_folders(const std::filesystem::path& folder) {
  if (folder.empty() || ::access(folder.c_str(), F_OK) == 0)
    return {};
  if (const auto ec = make_private_folders(folder.parent_path()))
    return ec;
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    return {errno, std::generic_category()};
  return {};
}

// None, if there is no file: standard error.
result<unique_fd> open_log(const std::filesystem::path& file) {
  if (file.empty())
    return unique_fd{};
  if (const auto ec = make_private_folders(file.parent_path()))
    return fail(ec.value(), "cannot make the folder of the log file " + file.string() + ": " + ec.message());
  unique_fd out{::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600)};
  if (!out) {
    const int code = errno;
    return fail(code, "cannot open the log file " + file.string() + ": " + std::generic_category().message(code));
  }
  ::flock(out.get(), LOCK_SH | LOCK_NB); // says that it is in use
  return out;
}

// spdlog's own file sink opens with mode 0666 and without O_CLOEXEC.
class fd_sink final : public spdlog::sinks::base_sink<std::mutex> {
public:
  /// `limit`: log_options::size.
  fd_sink(unique_fd file, std::filesystem::path path, std::uint64_t limit)
    : file_(std::move(file)),
      path_(std::move(path)),
      limit_(limit) {
    struct stat facts {};
    if (limit_ != 0 && ::fstat(file_.get(), &facts) == 0)
      size_ = static_cast<std::uint64_t>(facts.st_size);
  }

protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t formatted;
    formatter_->format(message, formatted);
    std::string_view line{formatted.data(), formatted.size()};
    std::string clean;
    if (find_userinfo(line, 0)) {
      clean = redacted(line);
      line = clean;
    }
    const int fd = file_ ? file_.get() : STDERR_FILENO;
    // One write per line, so that lines of several mounts in one file do not mix. A log that cannot be written (disk
    // full) must not stop a file system.
    while (!line.empty()) {
      const ssize_t n = ::write(fd, line.data(), line.size());
      if (n > 0) {
        line.remove_prefix(static_cast<std::size_t>(n));
        size_ += static_cast<std::uint64_t>(n);
      } else if (n < 0 && errno != EINTR)
        break;
    }
    if (limit_ != 0 && size_ >= limit_)
      begin_anew();
  }
  void flush_() override {}

private:
  // Another mount may have done it before, where one stands above the other. What fails is tried again with the next
  // line, and nothing is lost: the old file goes on.
  void begin_anew() {
    struct stat ours {
    }, there{};
    if (::fstat(file_.get(), &ours) == 0 && ::stat(path_.c_str(), &there) == 0 && ours.st_ino == there.st_ino
        && ours.st_dev == there.st_dev)
      ::rename(path_.c_str(), (path_.string() + ".1").c_str());
    auto fresh = open_log(path_);
    struct stat facts {};
    if (!fresh || ::fstat(fresh.value().get(), &facts) != 0)
      return;
    file_ = std::move(fresh.value());
    size_ = static_cast<std::uint64_t>(facts.st_size);
  }

  unique_fd file_; // none: standard error
  const std::filesystem::path path_;
  const std::uint64_t limit_;
  std::uint64_t size_ = 0;
};

spdlog::level::level_enum spdlog_level(log_level level) {
  switch (level) {
  case log_level::trace:
    return spdlog::level::trace;
  case log_level::debug:
    return spdlog::level::debug;
  case log_level::info:
    return spdlog::level::info;
  case log_level::warn:
    return spdlog::level::warn;
  case log_level::error:
    return spdlog::level::err;
  case log_level::off:
    break;
  }
  return spdlog::level::off;
}

} // namespace

result<void> start_log(const log_options& options) {
  GITFS_TRY(file, open_log(options.file));
  auto logger =
      std::make_shared<spdlog::logger>("gitfs", std::make_shared<fd_sink>(std::move(file), options.file, options.size));
  logger->set_level(spdlog_level(options.level));
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  spdlog::set_default_logger(std::move(logger));
  return success();
}

void remove_old_logs(const std::filesystem::path& folder, std::chrono::seconds age) {
  namespace fs = std::filesystem;
  const auto last_use = [](const fs::path& file) -> std::time_t {
    struct stat facts {};
    return ::lstat(file.c_str(), &facts) == 0 && S_ISREG(facts.st_mode) ? facts.st_mtime : 0;
  };
  const std::time_t until = std::time(nullptr) - age.count();
  std::set<fs::path> logs;
  std::error_code failed;
  for (fs::directory_iterator at{folder, failed}, end; !failed && at != end; at.increment(failed))
    if (const std::string name = at->path().filename(); const std::size_t dot = name.rfind(".log"))
      if (const std::string rest = dot == std::string::npos ? "-" : name.substr(dot + 4);
          rest.empty() || rest == ".1" || rest == ".crash-trace")
        logs.insert(folder / name.substr(0, dot + 4));
  for (const fs::path& log : logs) {
    const fs::path all[] = {log.string() + ".1", log.string() + ".crash-trace", log};
    if (std::ranges::any_of(all, [&](const fs::path& each) { return last_use(each) > until; }))
      continue;
    const unique_fd opened{::open(log.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
    if (opened && ::flock(opened.get(), LOCK_EX | LOCK_NB) != 0)
      continue;
    for (const fs::path& each : all)
      if (last_use(each) != 0)
        ::unlink(each.c_str());
  }
}

void log::write(log_level level, fmt::string_view format, fmt::format_args arguments) noexcept {
  try {
    spdlog::logger& logger = *spdlog::default_logger_raw();
    if (const auto at = spdlog_level(level); logger.should_log(at))
      logger.log(at, spdlog::string_view_t{fmt::vformat(format, arguments)});
  } catch (...) { // out of memory
  }
}

void log::set_level(log_level level) {
  spdlog::set_level(spdlog_level(level));
}

} // namespace gitfs
