#include "actors/inode/directory_listing.hpp"

#include "actors/inode/entry_times.hpp"

#include <algorithm>
#include <unordered_map>

namespace gitfs {

namespace {

// What a directory takes beside its dentries: its actor (as measured), its slot and its location.
constexpr std::uint64_t directory_bytes = 2000;

bool lacks_size(const dentry& d) {
  return d.size == unknown_size && has_contents(d.kind);
}

// Everything above the repositories is a directory.
std::vector<tree_entry> as_directories(const std::vector<std::string>& names) {
  std::vector<tree_entry> out;
  out.reserve(names.size());
  for (const std::string& each : names)
    out.push_back({each, entry_kind::directory, {}});
  return out;
}

} // namespace

directory_listing::directory_listing(memory_budget& memory, environment& outside, std::function<void()> over_budget)
  : memory_(memory),
    over_budget_(std::move(over_budget)) {
  account(outside);
}

directory_listing::~directory_listing() {
  memory_.subtract(memory_budget::kind::listings, accounted_);
}

// Called where the entries change as a whole: never on the way of a request that finds them complete.
void directory_listing::account(environment& outside) {
  std::uint64_t now = directory_bytes + entries_.bytes() + history_.bytes();
  for (const auto& [name, runs] : pasts_) // of few directories, and of these few runs
    now += 150 + runs->capacity() * sizeof(shown_run);
  const std::uint64_t before = std::exchange(accounted_, now);
  if (now <= before)
    memory_.subtract(memory_budget::kind::listings, before - now);
  else if (outside.listings_memory(now - before) > memory_.listings_limit())
    over_budget_();
}

bool directory_listing::is_assumed(std::string_view name) const {
  return std::ranges::binary_search(assumed_, name);
}

shown_runs_ptr directory_listing::past_of(std::string_view child) const {
  const auto known = pasts_.find(child);
  return known != pasts_.end() ? known->second : nullptr;
}

table_changes directory_listing::show_tree(const parsed_tree& tree, const tree_past& past, environment& outside) {
  entry_times times{past.since, past.before, past.trees};
  table_changes changes = entries_.refresh(tree.entries, past.since, times.source());
  pasts_ = times.of_directories(tree.entries);
  assumed_.clear();
  complete_ = true;
  account(outside);
  return changes;
}

table_changes directory_listing::show_names(const mount_node_answer& answer, file_time since, environment& outside) {
  table_changes changes = entries_.refresh(as_directories(answer.names), since);
  assumed_ = answer.assumed;
  complete_ = answer.complete;
  dropped_ = false;
  account(outside);
  return changes;
}

table_changes directory_listing::show_nothing(file_time since, environment& outside) {
  table_changes changes = entries_.refresh({}, since);
  complete_ = false;
  account(outside);
  return changes;
}

std::vector<oid> directory_listing::unknown_sizes() const {
  std::vector<oid> out;
  for (child_index i : entries_.sorted()) {
    const dentry& d = *entries_.at(i);
    if (lacks_size(d))
      out.push_back(d.id);
  }
  return out;
}

bool directory_listing::fill_size_here(dentry& entry, environment& outside) {
  if (lacks_size(entry))
    outside.sizes_here({&entry.id, 1}, {&entry.size, 1});
  return !lacks_size(entry);
}

void directory_listing::fill_sizes_here(environment& outside) {
  const std::vector<oid> ids = unknown_sizes();
  std::vector<std::uint64_t> found(ids.size(), unknown_size);
  if (!ids.empty())
    outside.sizes_here(ids, found);
  auto next = found.begin();
  for (child_index i : entries_.sorted())
    if (dentry& d = *entries_.at(i); next != found.end() && lacks_size(d))
      d.size = *next++;
}

void directory_listing::fill_sizes(const std::vector<std::pair<oid, std::uint64_t>>& answered, environment& outside) {
  const std::vector<oid> ids = unknown_sizes();
  if (ids.empty())
    return;
  std::vector<std::uint64_t> found(ids.size(), unknown_size);
  outside.sizes(ids, found);
  const std::unordered_map<oid, std::uint64_t> in_answer(answered.begin(), answered.end());
  std::size_t at = 0;
  for (child_index i : entries_.sorted()) {
    dentry& d = *entries_.at(i);
    if (at == ids.size() || !lacks_size(d))
      continue;
    d.size = found[at++];
    if (auto it = in_answer.find(d.id); d.size == unknown_size && it != in_answer.end())
      d.size = it->second;
  }
}

std::vector<oid> directory_listing::missing_objects(entry_kind of, environment& outside) const {
  std::vector<oid> out;
  for (child_index i : entries_.sorted())
    if (const dentry& d = *entries_.at(i);
        d.kind == of && !(of == entry_kind::directory ? outside.has_listing(d.id) : outside.contains(d.id)))
      out.push_back(d.id);
  return out;
}

void directory_listing::use() {
  used_ = true;
  shedding_ = false;
}

bool directory_listing::begin_shedding(bool in_use) {
  if (std::exchange(used_, false) || in_use)
    return false;
  shedding_ = true;
  return true;
}

void directory_listing::drop_if_shedding(bool in_use, environment& outside) {
  if (!shedding_ || in_use || !complete_ || !entries_.worth_dropping())
    return;
  complete_ = false;
  dropped_ = true;
  entries_.drop();
  account(outside);
}

} // namespace gitfs
