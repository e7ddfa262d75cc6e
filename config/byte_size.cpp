#include "config/byte_size.hpp"

#include <fmt/format.h>

#include <cctype>
#include <cerrno>
#include <charconv>

namespace gitfs {

namespace {

constexpr std::string_view letters = "KMGT";
constexpr double most = 4611686018427387904.0; // 2^62

} // namespace

result<std::uint64_t> parse_byte_size(std::string_view text, std::uint64_t least) {
  double number = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  std::string unit;
  for (const char* c = end; c != text.data() + text.size(); ++c)
    unit += static_cast<char>(std::toupper(static_cast<unsigned char>(*c)));
  const bool is_plain = unit.empty();
  bool known = is_plain || unit == "B";
  if (const std::size_t power = unit.empty() ? letters.npos : letters.find(unit.front()); power != letters.npos) {
    for (std::size_t i = 0; i <= power; ++i)
      number *= 1024;
    unit.erase(0, 1);
    known = unit.empty() || unit == "B" || unit == "IB";
  }
  if (ec != std::errc{} || !known || !(number >= 0 && number <= most)) // so that NaN is refused too
    return fail(EINVAL,
                fmt::format("'{}' is not a size; give a number of bytes, or one with K, M, G or T, as in 500M", text));
  const auto bytes = static_cast<std::uint64_t>(number);
  // Who leaves the unit out mostly means M.
  constexpr std::uint64_t least_plain = 4096;
  if (is_plain && bytes != 0 && bytes < least_plain)
    return fail(EINVAL, fmt::format("'{}' is a number of bytes, and too small: give a unit, as in {}M", text, text));
  if (bytes < least)
    return fail(EINVAL, fmt::format("'{}' is too small; the least is {}", text, show_byte_size(least)));
  return bytes;
}

std::string show_byte_size(std::uint64_t bytes) {
  constexpr std::string_view units = "KMGT";
  auto number = static_cast<double>(bytes);
  std::string unit = "B";
  for (std::size_t i = 0; i < units.size() && number >= 1024; ++i) {
    number /= 1024;
    unit = units[i];
  }
  const bool whole = number >= 10 || number == static_cast<double>(static_cast<int>(number));
  return whole ? fmt::format("{:.0f}{}", number, unit) : fmt::format("{:.1f}{}", number, unit);
}

} // namespace gitfs
