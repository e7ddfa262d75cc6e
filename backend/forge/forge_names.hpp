// The names that a forge can have. Others are not asked for, such as ".git", which programs look for everywhere.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace gitfs {

struct name_rule {
  std::size_t longest = 100;
  std::string_view marks = "-_."; ///< allowed characters beside letters and digits
  bool begins_with_mark = true;   ///< the first character may be one of `marks`
};

/// True if the rule allows the name. Never true of "", ".", "..", and of names that end as the URL of a repository or
/// of a wiki does.
bool fits(const name_rule& rule, std::string_view name);

} // namespace gitfs
