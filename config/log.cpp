#include "config/log.hpp"

#include "config/log_setup.hpp"
#include "config/unique_fd.hpp"
#include "config/url.hpp"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <mutex>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace gitfs {

namespace {

// spdlog's own file sink opens with mode 0666 and without O_CLOEXEC.
class fd_sink final : public spdlog::sinks::base_sink<std::mutex> {
public:
  explicit fd_sink(unique_fd file) : file_(std::move(file)) {}

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
      if (n > 0)
        line.remove_prefix(static_cast<std::size_t>(n));
      else if (n < 0 && errno != EINTR)
        break;
    }
  }
  void flush_() override {}

private:
  const unique_fd file_; // none: standard error
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
  return out;
}

} // namespace

result<void> start_log(const log_options& options) {
  GITFS_TRY(file, open_log(options.file));
  auto logger = std::make_shared<spdlog::logger>("gitfs", std::make_shared<fd_sink>(std::move(file)));
  logger->set_level(spdlog_level(options.level));
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  spdlog::set_default_logger(std::move(logger));
  return success();
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
