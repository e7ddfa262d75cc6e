#include "backend/git/ref_names.hpp"

#include <string_view>
#include <utility>

namespace gitfs {

namespace {

using rule = std::pair<std::string_view, std::string_view>; // what stands before and behind the name

/// git's ref_rev_parse_rules, and before them what `git checkout` tries first.
constexpr rule of_a_name[] = {
    {"", ""}, {"refs/heads/", ""}, {"refs/tags/", ""}, {"refs/", ""}, {"refs/remotes/", ""}, {"refs/remotes/", "/HEAD"},
};
constexpr rule of_an_expression[] = {
    {"", ""}, {"refs/", ""}, {"refs/tags/", ""}, {"refs/heads/", ""}, {"refs/remotes/", ""}, {"refs/remotes/", "/HEAD"},
};

} // namespace

bool is_head(const std::string& name) {
  return name.empty() || name == "HEAD";
}

std::vector<std::string> ref_candidates(const std::string& name, bool in_expression) {
  if (is_head(name))
    return {"HEAD"};
  std::vector<std::string> out;
  for (const auto& [before, behind] : in_expression ? of_an_expression : of_a_name)
    out.push_back(std::string{before} + name + std::string{behind});
  return out;
}

std::string namesake_tag(const std::string& name, const std::string& chosen) {
  return chosen == "refs/heads/" + name ? "refs/tags/" + name : std::string{};
}

} // namespace gitfs
