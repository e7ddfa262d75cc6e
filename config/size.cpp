#include "config/size.hpp"

#include <cerrno>
#include <charconv>

namespace gitfs {

namespace {

constexpr std::string_view units = "KMGT"; // 1024 to the power of index + 1

} // namespace

result<std::uint64_t> parse_size(std::string_view text) {
  const error wrong{EINVAL, "'" + std::string{text} + "' is not a size: write a whole number and K, M, G or T, as 64M"};
  std::uint64_t number = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (status != std::errc{})
    return wrong;
  std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  if (unit.empty())
    return number;
  const char letter = unit.front() >= 'a' && unit.front() <= 'z' ? static_cast<char>(unit.front() - 32) : unit.front();
  const std::size_t power = units.find(letter);
  unit.remove_prefix(1);
  if (power == std::string_view::npos || (!unit.empty() && unit != "B" && unit != "iB"))
    return wrong;
  const unsigned shift = 10 * static_cast<unsigned>(power + 1);
  if (number > (~std::uint64_t{0} >> shift))
    return wrong;
  return number << shift;
}

std::string size_text(std::uint64_t bytes) {
  std::size_t power = 0;
  for (; power < units.size() && bytes != 0 && bytes % 1024 == 0; ++power)
    bytes /= 1024;
  return std::to_string(bytes) + (power == 0 ? "" : std::string(1, units[power - 1]));
}

} // namespace gitfs
