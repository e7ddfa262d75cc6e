#include "backend/forge/forge_names.hpp"

#include <algorithm>
#include <cctype>

namespace gitfs {

bool fits(const name_rule& rule, std::string_view name) {
  constexpr std::string_view taken[] = {".git", ".wiki", ".atom"};
  if (name.empty() || name.size() > rule.longest || name == "." || name == "..")
    return false;
  const auto plain = [](char c) { return static_cast<unsigned char>(c) < 0x80 && std::isalnum(c) != 0; };
  const bool spelled = std::all_of(name.begin(), name.end(),
                                   [&](char c) { return plain(c) || rule.marks.find(c) != std::string_view::npos; });
  return spelled && (rule.begins_with_mark || plain(name.front()))
         && std::none_of(std::begin(taken), std::end(taken), [&](auto end) { return name.ends_with(end); });
}

} // namespace gitfs
