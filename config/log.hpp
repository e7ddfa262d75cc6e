// What every layer logs with. spdlog stands behind it in one file: its headers cost each file that logs eight seconds.
#pragma once

#include "config/log_level.hpp"

#include <fmt/core.h>

namespace gitfs::log {

/// Formats and writes one line, unless `level` is below the logger's. Any thread. What goes wrong is not told: a log
/// that cannot be written must not stop a file system.
void write(log_level level, fmt::string_view format, fmt::format_args arguments) noexcept;

/// Nothing below this level is logged from now on; `log_level::off`: nothing at all.
void set_level(log_level level);

template <class... Arguments>
void trace(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  write(log_level::trace, format, fmt::make_format_args(arguments...));
}

template <class... Arguments>
void debug(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  write(log_level::debug, format, fmt::make_format_args(arguments...));
}

template <class... Arguments>
void info(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  write(log_level::info, format, fmt::make_format_args(arguments...));
}

template <class... Arguments>
void warn(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  write(log_level::warn, format, fmt::make_format_args(arguments...));
}

template <class... Arguments>
void error(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  write(log_level::error, format, fmt::make_format_args(arguments...));
}

} // namespace gitfs::log
