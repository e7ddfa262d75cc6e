// Where the log goes: one logger for the process, on standard error or in a file. log.hpp writes to it.
#pragma once

#include "config/error.hpp"
#include "config/log_level.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>

namespace gitfs {

struct log_options {
  log_level level = log_level::info;
  std::filesystem::path file; ///< empty: standard error
  /// From so many bytes on the file is renamed to FILE.1, in place of an older one, and begun anew; 0: never.
  std::uint64_t size = 0;
};

/// Of a log that nobody has asked for: how long it becomes, and how long one stays that nobody writes to.
inline constexpr std::uint64_t own_log_size = std::uint64_t{8} << 20;
inline constexpr std::chrono::hours own_log_age{24 * 30};

/// Removes logs (NAME.log, with .1 and .crash-trace) in `folder` that no mount has open and nobody has written to for
/// `age`. What cannot be removed stays.
void remove_old_logs(const std::filesystem::path& folder, std::chrono::seconds age);

/// Sets spdlog's default logger up; call it again to change it. A file is appended to, made with mode 0600 (folders
/// with 0700) and not inherited by child processes. While it is open nobody removes it (remove_old_logs). Every line is
/// written at once (no thread: it survives a fork) and without credentials.
result<void> start_log(const log_options& options);

} // namespace gitfs
