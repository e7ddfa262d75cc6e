// Where the log goes: one logger for the process, on standard error or in a file. log.hpp writes to it.
#pragma once

#include "config/error.hpp"
#include "config/log_level.hpp"

#include <filesystem>

namespace gitfs {

struct log_options {
  log_level level = log_level::info;
  std::filesystem::path file; ///< empty: standard error
};

/// Sets spdlog's default logger up; call it again to change it. A file is appended to, made with mode 0600 (folders
/// with 0700) and not inherited by child processes. Every line is written at once (no thread: it survives a fork) and
/// without credentials.
result<void> start_log(const log_options& options);

} // namespace gitfs
