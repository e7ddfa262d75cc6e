#include "config/nearest.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

namespace gitfs {

namespace {

// How many characters to insert, remove, replace or swap with their neighbour: Damerau and Levenshtein's distance.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(row);
  }
  return last.back();
}

// What git, mount(8) and others call it. Too far from our words to be taken for mistyped ones.
constexpr std::pair<std::string_view, std::string_view> words_of_others[] = {
    {"--branch", "--ref"}, {"-b", "--ref"},      {"--revision", "--ref"}, {"--tag", "--ref"},
    {"branch", "ref"},     {"help", "--help"},   {"-?", "--help"},        {"version", "--version"},
    {"-v", "--version"},   {"ls", "status"},     {"list", "status"},      {"ps", "status"},
    {"clone", "mount"},    {"fetch", "refresh"}, {"pull", "refresh"},     {"update", "refresh"},
};

} // namespace

std::string did_you_mean(std::string_view typed, std::span<const std::string_view> known, std::string_view begin) {
  for (const auto& [theirs, ours] : words_of_others)
    if (typed == theirs && std::ranges::find(known, ours) != known.end())
      return ", did you mean '" + std::string{ours} + "'?";
  std::string_view best;
  std::size_t best_distance = std::min(typed.size() / 2, typed.size() / 3 + 2); // so far away it is another word
  const auto consider = [&](std::string_view word, std::string_view meant) {
    // Who writes the begin of a word knows it, however long the rest is.
    const bool is_begin = typed.size() >= 4 && word.starts_with(typed);
    if (const std::size_t d = is_begin ? 1 : distance(typed, word); d < best_distance) {
      best = meant;
      best_distance = d;
    }
  };
  for (const std::string_view each : known)
    consider(each, each);
  for (const auto& [theirs, ours] : words_of_others) // they are mistyped, too
    if (theirs.size() > 3 && std::ranges::find(known, ours) != known.end())
      consider(theirs, ours);
  return best.empty() ? "" : ", did you mean '" + std::string{begin} + std::string{best} + "'?";
}

} // namespace gitfs
