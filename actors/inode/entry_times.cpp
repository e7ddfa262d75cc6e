#include "actors/inode/entry_times.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace gitfs {

entry_times::entry_times(file_time now, std::span<const shown_run> past, object_db& from)
  : now_(now),
    past_(past),
    from_(from),
    trees_(past.size()) {}

time_source entry_times::source() {
  if (past_.empty())
    return {};
  return [this](const tree_entry& entry) { return of(entry); };
}

entry_times::knowledge entry_times::find_in(std::size_t run, std::string_view name, const tree_entry*& found) {
  if (past_[run].tree.is_zero())
    return knowledge::absent;
  auto& tree = trees_[run];
  if (!tree) {
    auto read = from_.read_tree(past_[run].tree);
    tree.emplace(read ? std::optional{std::move(read.value())} : std::nullopt);
  }
  if (!*tree)
    return knowledge::unknown;
  const auto& entries = (*tree)->entries;
  const auto at = std::ranges::lower_bound(entries, name, {}, &tree_entry::name);
  if (at == entries.end() || at->name != name)
    return knowledge::absent;
  found = &*at;
  return knowledge::present;
}

file_time entry_times::of(const tree_entry& entry) {
  file_time out = now_;
  for (std::size_t run = 0; run < past_.size(); ++run) {
    const tree_entry* was = nullptr;
    const knowledge known = find_in(run, entry.name, was);
    if (known == knowledge::unknown)
      continue;
    if (known == knowledge::absent || was->kind != entry.kind || was->id != entry.id)
      return out;
    out = past_[run].since;
  }
  // It has been there from the beginning: what a service says of it itself goes before the time of the commit.
  return entry.time != 0 && out == past_.back().since ? file_time_of(entry.time) : out;
}

std::map<std::string, shown_runs_ptr, std::less<>> entry_times::of_directories(const std::vector<tree_entry>& present) {
  std::map<std::string, shown_runs_ptr, std::less<>> out;
  if (past_.empty())
    return out;
  for (const tree_entry& entry : present) {
    if (entry.kind != entry_kind::directory)
      continue;
    shown_runs runs{{entry.id, now_}};
    for (std::size_t run = 0; run < past_.size(); ++run) {
      const tree_entry* was = nullptr;
      const knowledge known = find_in(run, entry.name, was);
      if (known == knowledge::unknown)
        continue;
      const oid tree = known == knowledge::present && was->kind == entry_kind::directory ? was->id : oid{};
      if (tree == runs.back().tree)
        runs.back().since = past_[run].since;
      else
        runs.push_back({tree, past_[run].since});
    }
    runs.erase(runs.begin());
    if (!runs.empty())
      out.emplace(entry.name, std::make_shared<const shown_runs>(std::move(runs)));
  }
  return out;
}

} // namespace gitfs
