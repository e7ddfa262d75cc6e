#include "backend/remote/ref_choice.hpp"

#include "backend/os/text.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <numeric>
#include <set>
#include <string_view>
#include <utility>

namespace gitfs {

namespace {

constexpr std::string_view head = "HEAD";
constexpr std::string_view heads = "refs/heads/", tags = "refs/tags/";

/// git's ref_rev_parse_rules.
constexpr std::pair<std::string_view, std::string_view> rules[] = {
    {"", ""}, {"refs/", ""}, {"refs/tags/", ""}, {"refs/heads/", ""}, {"refs/remotes/", ""}, {"refs/remotes/", "/HEAD"},
};

bool is_head(const std::string& name) {
  return name.empty() || name == head;
}

const advertised_ref* find_ref(std::span<const advertised_ref> refs, std::string_view name) {
  const auto found = std::find_if(refs.begin(), refs.end(), [&](const auto& each) { return each.name == name; });
  return found == refs.end() ? nullptr : &*found;
}

std::string_view short_name(std::string_view full) {
  for (const std::string_view folder : {heads, tags})
    if (full.starts_with(folder))
      return full.substr(folder.size());
  return full;
}

/// Levenshtein's.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({change, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

std::string listed(const std::vector<std::string>& names, std::size_t most) {
  std::string out;
  for (std::size_t i = 0; i < std::min(names.size(), most); ++i)
    out += (i == 0 ? "" : ", ") + printable(names[i]);
  return names.size() > most ? out + ", … (" + std::to_string(names.size()) + " in all)" : out;
}

std::vector<std::string> near_names(std::string_view name, std::span<const advertised_ref> refs) {
  constexpr std::size_t longest_compared = 200; // the distance costs the product of the lengths
  std::vector<std::pair<std::size_t, std::string>> found;
  const std::string_view wanted = short_name(name);
  for (const advertised_ref& each : refs) {
    const std::string_view known = short_name(each.name);
    if (known == head || std::max(known.size(), wanted.size()) > longest_compared)
      continue;
    const bool inside =
        known.starts_with(wanted) || (wanted.size() > 2 && known.find(wanted) != std::string_view::npos);
    const std::size_t distance = inside ? 1 : edit_distance(wanted, known);
    if (inside || distance <= std::min(wanted.size() - 1, std::max<std::size_t>(2, wanted.size() / 3)))
      found.emplace_back(distance, known);
  }
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> out;
  for (auto& each : found)
    if (std::find(out.begin(), out.end(), each.second) == out.end())
      out.push_back(std::move(each.second));
  return out;
}

constexpr std::size_t shortest_listed = 7; // what git prints at least

bool is_abbreviated_id(std::string_view name) {
  constexpr std::size_t shortest = 4; // git's minimum
  return name.size() >= shortest && name.size() < oid::hex_size
         && name.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

} // namespace

result<void> check_ref_name(const std::string& name) {
  const bool expression = name.find_first_of("~^:?*[\\ ") != std::string::npos || name.find("..") != std::string::npos
                          || name.find("@{") != std::string::npos || name == "@";
  const bool unusable = std::any_of(name.begin(), name.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; })
                        || name.starts_with('/') || name.ends_with('/') || name.starts_with('-') || name.size() > 1024;
  if (expression || unusable)
    return fail(EINVAL, "\"" + printable(name)
                            + "\" is not the name of a ref; give a branch, a tag, a full ref name or a full commit id "
                              "(expressions such as main~3 cannot be asked of a server)");
  return success();
}

std::vector<std::string> ref_candidates(const std::string& name) {
  if (is_head(name))
    return {std::string{head}};
  std::vector<std::string> out;
  for (const auto& [before, behind] : rules)
    out.push_back(std::string{before} + name + std::string{behind});
  return out;
}

std::optional<resolved_ref> choose_ref(const std::string& name, std::span<const advertised_ref> refs) {
  for (const std::string& candidate : ref_candidates(name)) {
    const advertised_ref* found = find_ref(refs, candidate);
    if (found == nullptr || found->unborn)
      continue;
    const bool names_branch = candidate == head && !found->symref_target.empty();
    return resolved_ref{found->peeled.value_or(found->id), names_branch ? found->symref_target : candidate};
  }
  return std::nullopt;
}

result<std::optional<resolved_ref>> choose_listed_commit(const std::string& name,
                                                         std::span<const advertised_ref> refs) {
  if (!is_abbreviated_id(name) || name.size() < shortest_listed)
    return std::optional<resolved_ref>{};
  std::string begin = name;
  std::ranges::transform(begin, begin.begin(), [](unsigned char c) { return std::tolower(c); });
  std::set<std::string> found;
  for (const advertised_ref& each : refs)
    if (const std::string hex = each.peeled.value_or(each.id).hex(); !each.unborn && hex.starts_with(begin))
      found.insert(hex);
  if (found.size() > 1)
    return fail(EINVAL, "several commits that branches and tags are at begin with " + name + ": "
                            + listed({found.begin(), found.end()}, 5) + "; give all 40 digits");
  if (found.empty())
    return std::optional<resolved_ref>{};
  return std::optional{resolved_ref{*oid::from_hex(*found.begin()), ""}};
}

error no_such_ref(const std::string& name, std::span<const advertised_ref> refs) {
  constexpr std::size_t most_near = 5, most_branches = 8;
  std::vector<std::string> branches;
  for (const advertised_ref& each : refs)
    if (each.name.starts_with(heads))
      branches.emplace_back(short_name(each.name));
  const bool nothing = std::all_of(refs.begin(), refs.end(), [](const auto& each) { return each.unborn; });
  if (nothing)
    return {ENOENT, "the repository is empty: it has no commit yet"};
  const std::string there =
      branches.empty() ? std::string{"it has no branches"} : "its branches are: " + listed(branches, most_branches);
  if (is_head(name)) {
    const advertised_ref* found = find_ref(refs, head);
    const std::string target = found != nullptr ? " (" + printable(found->symref_target) + ")" : "";
    return {ENOENT, "the repository's HEAD" + target + " points to no commit; name a branch or tag; " + there};
  }
  if (is_abbreviated_id(name))
    return {EINVAL, "there is no branch or tag \"" + name
                        + "\", and none that the server lists is at a commit whose id begins so"
                        + (name.size() < shortest_listed ? " (7 digits are the least)" : "")
                        + "; a server cannot be asked for an abbreviated commit id: give all 40 digits"};
  const auto near = near_names(name, refs);
  return {ENOENT, "there is no branch or tag \"" + printable(name) + "\"; "
                      + (near.empty() ? there : "did you mean: " + listed(near, most_near) + "?")};
}

} // namespace gitfs
