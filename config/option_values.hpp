// The values of options: text to data and back. An error's message quotes the value and says what would be right.
#pragma once

#include "config/options.hpp"

#include <cerrno>
#include <charconv>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>

namespace gitfs {

result<log_level> read_level(const std::string& value);
std::string show_level(log_level level);

/// "30s", or "1500ms" of what is no whole number of seconds.
std::string show_time(std::chrono::milliseconds time);

/// Seconds with an optional fraction, or a number with ms, s, m or h: at least 0.001 s, at most a day.
result<std::chrono::milliseconds> read_seconds(const std::string& value);
/// Whole seconds.
std::string show_seconds(std::chrono::milliseconds time);

/// When a ref is looked at again: a time from 1s to 24h, on-request, or never.
result<follow_mode> read_follow(const std::string& value);

/// True of a full commit id: it cannot be followed.
bool is_commit_id(std::string_view ref);

/// The word for what the mount decides itself.
inline constexpr std::string_view automatic = "auto";

/// A size as 64M, at least 8M; or "auto": none.
result<std::optional<std::uint64_t>> read_memory(const std::string& value);

/// A size as 4M; at most 1G.
result<std::uint64_t> read_trace_memory(const std::string& value);

/// A whole decimal number from `least` to `most`.
template <class T>
result<T> read_number(const std::string& value, T least, T most) {
  T out{};
  const auto [end, ec] = std::from_chars(value.data(), value.data() + value.size(), out);
  if (ec != std::errc{} || end != value.data() + value.size() || out < least || out > most)
    return fail(EINVAL,
                "'" + value + "' is not a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  return out;
}

/// Moves a value that could be read to its place.
template <class Place, class T>
result<void> put(Place& out, result<T> value) {
  GITFS_TRY(taken, std::move(value));
  out = std::move(taken);
  return success();
}

/// Any text but an empty one.
result<void> put_name(std::string& out, const std::string& value);

/// For the largest read request: bytes, from 4K to 1G.
result<std::uint32_t> read_max_read(const std::string& value);

/// The name of a variable that holds a secret. The message does not repeat what may be the secret itself.
result<void> put_variable(std::string& out, const std::string& value);

/// See wrong_with_username.
result<void> put_username(std::string& out, const std::string& value);

} // namespace gitfs
