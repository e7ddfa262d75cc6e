#include "backend/remote/ref_choice.hpp"

#include "backend/git/ref_names.hpp"
#include "backend/os/text.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <numeric>
#include <set>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

namespace gitfs {

namespace {

constexpr std::string_view head = "HEAD";
constexpr std::string_view heads = "refs/heads/", tags = "refs/tags/";

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

/// Levenshtein's distance. None: it is more than `limit`, which is found out along a band of that width. `row` is room
/// to work in, `steps` grows by the number of characters that were compared.
std::optional<std::size_t> edit_distance(std::string_view a, std::string_view b, std::size_t limit,
                                         std::vector<std::size_t>& row, std::size_t& steps) {
  if (std::max(a.size(), b.size()) - std::min(a.size(), b.size()) > limit)
    return std::nullopt;
  const std::size_t far = limit + 1;
  row.assign(b.size() + 1, far);
  for (std::size_t j = 0; j <= std::min(b.size(), limit); ++j)
    row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    const std::size_t begin = i > limit ? i - limit : 1, end = std::min(b.size(), i + limit);
    std::size_t diagonal = std::exchange(row[begin - 1], begin == 1 ? std::min(i, far) : far);
    std::size_t least = row[begin - 1];
    for (std::size_t j = begin; j <= end; ++j, ++steps) {
      const std::size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({change, row[j] + 1, row[j - 1] + 1, far});
      least = std::min(least, row[j]);
    }
    if (least > limit)
      return std::nullopt;
  }
  return row.back() > limit ? std::nullopt : std::optional{row.back()};
}

/// "a, b, c, … (7 in all)"
std::string listed(const std::vector<std::string>& names, std::size_t most, std::size_t all) {
  std::string out;
  for (std::size_t i = 0; i < std::min(names.size(), most); ++i)
    out += (i == 0 ? "" : ", ") + printable(names[i]);
  return all > most ? out + ", … (" + std::to_string(all) + " in all)" : out;
}

struct near_names {
  std::vector<std::string> nearest; ///< the nearest first
  std::size_t all = 0;              ///< how many are near at all
};

/// Names like `name`, of which at most `most` are given. The work grows with the number of refs alone: a server may
/// have 100,000 whose names all begin as this one does.
near_names names_near(std::string_view name, std::span<const advertised_ref> refs, std::size_t most,
                      std::size_t& steps) {
  constexpr std::size_t longest_compared = 200; // the distance costs the product of the lengths
  std::vector<std::pair<std::size_t, std::string_view>> best;
  std::unordered_set<std::string_view> seen;
  std::vector<std::size_t> row;
  const std::string_view wanted = short_name(name);
  const std::size_t limit = std::min(wanted.size() - 1, std::max<std::size_t>(2, wanted.size() / 3));
  for (const advertised_ref& each : refs) {
    const std::string_view known = short_name(each.name);
    if (known == head || std::max(known.size(), wanted.size()) > longest_compared)
      continue;
    steps += known.size();
    const bool inside =
        known.starts_with(wanted) || (wanted.size() > 2 && known.find(wanted) != std::string_view::npos);
    const auto distance = inside ? std::optional<std::size_t>{1} : edit_distance(wanted, known, limit, row, steps);
    if (!distance || !seen.insert(known).second)
      continue;
    const auto behind = std::ranges::upper_bound(best, *distance, {}, [](const auto& one) { return one.first; });
    best.insert(behind, {*distance, known});
    if (best.size() > most)
      best.pop_back();
  }
  near_names out{{}, seen.size()};
  for (const auto& [distance, known] : best)
    out.nearest.emplace_back(known);
  return out;
}

constexpr std::size_t shortest_listed = 7; // git prints at least so many digits

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

std::optional<resolved_ref> choose_ref(const std::string& name, std::span<const advertised_ref> refs) {
  for (const std::string& candidate : ref_candidates(name)) {
    const advertised_ref* found = find_ref(refs, candidate);
    if (found == nullptr || found->unborn)
      continue;
    const bool names_branch = candidate == head && !found->symref_target.empty();
    resolved_ref out{found->peeled.value_or(found->id), names_branch ? found->symref_target : candidate};
    if (const std::string tag = namesake_tag(name, candidate); !tag.empty() && find_ref(refs, tag) != nullptr)
      out.namesake = tag;
    return out;
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
                            + listed({found.begin(), found.end()}, 5, found.size()) + "; give all 40 digits");
  if (found.empty())
    return std::optional<resolved_ref>{};
  return std::optional{resolved_ref{*oid::from_hex(*found.begin()), ""}};
}

error no_such_ref(const std::string& name, std::span<const advertised_ref> refs, std::size_t* steps) {
  constexpr std::size_t most_near = 5, most_branches = 8;
  std::vector<std::string> branches;
  std::size_t all_branches = 0;
  for (const advertised_ref& each : refs)
    if (each.name.starts_with(heads) && ++all_branches <= most_branches)
      branches.emplace_back(short_name(each.name));
  const bool nothing = std::all_of(refs.begin(), refs.end(), [](const auto& each) { return each.unborn; });
  if (nothing)
    return {ENOENT, "the repository is empty: it has no commit yet"};
  const std::string there = branches.empty() ? std::string{"it has no branches"}
                                             : "its branches are: " + listed(branches, most_branches, all_branches);
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
  std::size_t counted = 0;
  const near_names near = names_near(name, refs, most_near, counted);
  if (steps != nullptr)
    *steps += counted;
  return {ENOENT, "there is no branch or tag \"" + printable(name) + "\"; "
                      + (near.all == 0 ? there : "did you mean: " + listed(near.nearest, most_near, near.all) + "?")};
}

} // namespace gitfs
