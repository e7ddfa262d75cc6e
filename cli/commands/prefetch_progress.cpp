#include "cli/commands/prefetch_progress.hpp"

#include "config/byte_size.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/core.h>

namespace gitfs {

namespace {

std::string clock(double seconds) {
  const auto all = std::llround(seconds);
  if (all >= 3600)
    return fmt::format("{}:{:02}:{:02}", all / 3600, all / 60 % 60, all % 60);
  return fmt::format("{}:{:02}", all / 60, all % 60);
}

} // namespace

std::string progress_line(const subtree_reader::progress& now, double seconds, std::size_t columns) {
  if (now.walking)
    return fmt::format("walking: {} folders, {} files, {}", now.folders, now.files, show_byte_size(now.bytes));
  // If all files are empty, there are no bytes to count, and files are counted instead.
  const double part = now.bytes != 0   ? static_cast<double>(now.bytes_read) / static_cast<double>(now.bytes)
                      : now.files != 0 ? static_cast<double>(now.files_read) / static_cast<double>(now.files)
                                       : 1;
  const double done = std::clamp(part, 0.0, 1.0);
  std::string text = fmt::format("{:3.0f}%  {} of {} files  {} of {}", done * 100, now.files_read, now.files,
                                 show_byte_size(now.bytes_read), show_byte_size(now.bytes));
  if (seconds > 0 && now.bytes_read != 0) {
    const double rate = static_cast<double>(now.bytes_read) / seconds;
    text += fmt::format("  {}/s", show_byte_size(static_cast<std::uint64_t>(rate)));
    if (done > 0)
      text += fmt::format("  {} left", clock(seconds * (1 - done) / done));
  }
  constexpr std::size_t shortest_bar = 10, longest_bar = 40;
  if (columns == 0)
    return text;
  if (columns <= text.size() + shortest_bar + 4)
    return text.substr(0, columns - 1);
  const std::size_t room = std::min(columns - text.size() - 4, longest_bar);
  const auto full = static_cast<std::size_t>(done * static_cast<double>(room));
  return "[" + std::string(full, '#') + std::string(room - full, '.') + "] " + text;
}

} // namespace gitfs
