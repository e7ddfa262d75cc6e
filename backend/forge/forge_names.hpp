// Which names a forge can have: so that what programs look for everywhere (".git") is never asked for.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace gitfs {

struct name_rule {
  std::size_t longest = 100;
  std::string_view marks = "-_."; ///< beside letters and digits
  bool begins_with_mark = true;   ///< may it?
};

/// Never: "", ".", "..", and what ends like a repository's URL or a wiki.
bool fits(const name_rule& rule, std::string_view name);

} // namespace gitfs
