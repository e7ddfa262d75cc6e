#include "config/option_values.hpp"

#include "config/byte_size.hpp"
#include "config/secret.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>

namespace gitfs {

using std::string;
using std::string_view;

namespace {

struct level_name {
  string_view name;
  log_level level;
};
constexpr std::array level_names{
    level_name{"trace", log_level::trace}, level_name{"debug", log_level::debug}, level_name{"info", log_level::info},
    level_name{"warn", log_level::warn},   level_name{"error", log_level::error}, level_name{"off", log_level::off},
};

} // namespace

result<log_level> read_level(const string& value) {
  string known;
  for (const level_name& row : level_names) {
    if (row.name == value)
      return row.level;
    known += (known.empty() ? "" : ", ") + string{row.name};
  }
  return fail(EINVAL, "'" + value + "' is not one of " + known);
}

string show_level(log_level level) {
  return string{std::ranges::find(level_names, level, &level_name::level)->name};
}

string show_time(std::chrono::milliseconds time) {
  return time.count() % 1000 == 0 ? std::to_string(time.count() / 1000) + "s" : std::to_string(time.count()) + "ms";
}

result<std::chrono::milliseconds> read_seconds(const string& value) {
  constexpr double most = 86'400;
  constexpr struct {
    string_view name;
    double seconds;
  } units[] = {{"", 1}, {"ms", 0.001}, {"s", 1}, {"m", 60}, {"h", 3600}};
  double number = 0;
  const char* const text_end = value.data() + value.size();
  const auto [end, ec] = std::from_chars(value.data(), text_end, number, std::chars_format::fixed);
  const auto unit = std::ranges::find(units, string_view{end, static_cast<std::size_t>(text_end - end)},
                                      [](const auto& row) { return row.name; });
  const double seconds = unit == std::end(units) ? 0 : number * unit->seconds;
  // Written so that NaN is refused too.
  if (ec != std::errc{} || !(seconds >= 0.001 && seconds <= most))
    return fail(EINVAL,
                "'" + value
                    + "' is not a time: give seconds, or a number with ms, s, m or h (more than 0, up to a day)");
  return std::chrono::milliseconds{std::llround(seconds * 1000)};
}

string show_seconds(std::chrono::milliseconds time) {
  return std::to_string(time.count() / 1000);
}

result<void> put_name(string& out, const string& value) {
  if (value.empty())
    return fail(EINVAL, "the value is empty: give one, or leave the option out");
  out = value;
  return success();
}

result<std::uint32_t> read_max_read(const string& value) {
  constexpr std::uint64_t least = 4096, most = std::uint64_t{1} << 30;
  GITFS_TRY(bytes, parse_byte_size(value, least));
  if (bytes > most)
    return fail(EINVAL, "'" + value + "' is more than " + show_byte_size(most));
  return static_cast<std::uint32_t>(bytes);
}

result<void> put_variable(string& out, const string& value) {
  if (!is_variable_name(value) || looks_like_token(value))
    return fail(EINVAL,
                "this is not the name of a variable: put the secret into one, and give its name, without a '$'");
  out = value;
  return success();
}

result<void> put_username(string& out, const string& value) {
  if (const string mistake = wrong_with_username(value); !mistake.empty())
    return fail(EINVAL, mistake);
  return put_name(out, value);
}

result<std::uint64_t> read_trace_memory(const std::string& value) {
  constexpr std::uint64_t most = std::uint64_t{1} << 30;
  GITFS_TRY(bytes, parse_byte_size(value, 0));
  if (bytes > most)
    return fail(EINVAL, "'" + value + "' is more than " + show_byte_size(most));
  return bytes;
}

result<follow_mode> read_follow(const string& value) {
  using kind = follow_mode::kind_type;
  if (value == "never")
    return follow_mode{};
  if (value == "on-request")
    return follow_mode{kind::on_request, {}};
  const auto every = read_seconds(value);
  if (every && every.value() >= std::chrono::seconds{1})
    return follow_mode{kind::polled, every.value()};
  return fail(EINVAL,
              "expected a time from 1s to 24h, as 30s, 5m or 1h, or on-request or never, found '" + value + "'");
}

bool is_commit_id(std::string_view ref) {
  return ref.size() == 40 && std::ranges::all_of(ref, [](unsigned char c) { return std::isxdigit(c) != 0; });
}

result<std::optional<std::uint64_t>> read_memory(const std::string& value) {
  if (value == automatic)
    return std::nullopt;
  constexpr std::uint64_t least = std::uint64_t{8} << 20;
  GITFS_TRY(bytes, parse_byte_size(value, least));
  return bytes;
}

} // namespace gitfs
