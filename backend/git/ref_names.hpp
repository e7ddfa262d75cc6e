// What the short name of a ref may stand for (gitrevisions, "<refname>").
#pragma once

#include <string>
#include <vector>

namespace gitfs {

/// True of "" and "HEAD".
bool is_head(const std::string& name);

/// The full names that `name` may stand for, first choice first. A branch comes before a tag of the same name, as for
/// `git clone --branch` and `git checkout`; in an expression such as main~3 (gitrevisions) the tag comes first.
std::vector<std::string> ref_candidates(const std::string& name, bool in_expression = false);

/// If `chosen` is the branch `name`: the tag of the same name, which others may mean. Empty: it is none.
std::string namesake_tag(const std::string& name, const std::string& chosen);

} // namespace gitfs
