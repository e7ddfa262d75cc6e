#include "actors/prefetch/job_profile.hpp"

#include "config/log.hpp"

#include <algorithm>
#include <utility>

namespace gitfs {

void job_profile::begin(const oid& commit, const oid& root, std::vector<profile_entry> entries) {
  clear();
  commit_ = commit;
  std::vector<std::string> paths;
  for (profile_entry& each : entries) {
    if (each.is_folder())
      folders_.push_back(each.path);
    size_classes_.push_back(each.size_class);
    paths.push_back(std::move(each.path));
  }
  paths_.emplace(root, std::move(paths), path_selection::reading::names);
  look_up();
}

void job_profile::due() {
  if (std::exchange(due_, false) && paths_)
    look_up();
}

void job_profile::look_up() {
  while (paths_->step(db_, limits_.slice))
    if (port_.later()) {
      due_ = true;
      return;
    }
  std::vector<oid> missing = paths_->missing();
  if (missing.empty()) {
    plan();
    return;
  }
  trees_ = next_want_;
  ask(want_kind::trees, std::move(missing));
}

// Files that are here already have no bytes in the order, since nothing has to be kept for them.
void job_profile::plan() {
  auto found = paths_->files();
  std::ranges::stable_sort(found, {}, &std::pair<oid, std::uint32_t>::second);
  std::vector<oid> ids;
  for (const auto& [id, path] : found)
    ids.push_back(id);
  std::vector<std::uint64_t> sizes(ids.size(), unknown_size);
  db_.sizes(ids, sizes);
  std::uint64_t end = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const std::uint8_t size_class = size_classes_[found[i].second];
    const std::uint64_t size = sizes[i] != unknown_size           ? sizes[i]
                               : size_class == unknown_size_class ? assumed_blob_size
                                                                  : most_bytes_of(size_class);
    if (!places_.try_emplace(ids[i], files_.size()).second)
      continue;
    // A file that no window holds is left to its reader.
    if (!db_.contains(ids[i]) && size <= limits_.bytes)
      end += std::max<std::uint64_t>(size, 1);
    files_.push_back({ids[i], end});
  }
  want_windows();
  want_sizes();
  paths_.reset();
  size_classes_ = {};
}

// Contents tell the size; but those of later windows may come long after somebody asks for it.
bool job_profile::is_on_its_way(const oid& id) const {
  const auto at = places_.find(id);
  return at != places_.end() && at->second < horizon_;
}

// Where a link points is a few bytes, and whoever passes it waits for it.
void job_profile::want_sizes() {
  std::vector<oid> unknown, links;
  for (const path_selection::folder& each : paths_->folders_read()) {
    if (!each.named && each.files == 0)
      continue; // only on the way
    const auto tree = read_listing(db_, each.tree);
    if (!tree)
      continue;
    if (each.named)
      listed_.insert(each.tree);
    const bool sizes = each.named || each.files >= limits_.few || tree.value()->entries.size() <= limits_.large;
    for (const tree_entry& e : tree.value()->entries)
      if (e.kind == entry_kind::symlink && !db_.contains(e.id))
        links.push_back(e.id);
      else if (sizes && has_contents(e.kind) && e.size == unknown_size && !is_on_its_way(e.id))
        unknown.push_back(e.id);
  }
  ask(want_kind::sizes, std::move(unknown));
  ask(want_kind::blobs, std::move(links));
}

// When less than a window is ahead of the job, it is filled up to two in one want.
void job_profile::want_windows() {
  const auto end_of = [this](std::size_t place) { return place == 0 ? 0 : files_[place - 1].end; };
  const std::uint64_t passed = end_of(reader_); // the reader is never beyond the horizon
  if (horizon_ == files_.size() || end_of(horizon_) - passed >= limits_.bytes)
    return; // without asking how many share the budget, which is not free
  const std::uint64_t window = port_.share_of(limits_.bytes);
  if (end_of(horizon_) - passed >= window)
    return;
  std::vector<oid> ids;
  for (; horizon_ < files_.size() && ids.size() < limits_.files; ++horizon_) {
    const bool here = files_[horizon_].end == end_of(horizon_);
    if (!here && !ids.empty() && files_[horizon_].end - passed > 2 * window)
      break;
    if (!here)
      ids.push_back(files_[horizon_].id);
  }
  ask(want_kind::blobs, std::move(ids));
}

void job_profile::ask(want_kind kind, std::vector<oid> ids) {
  if (ids.empty())
    return;
  std::ranges::sort(ids);
  const auto doubled = std::ranges::unique(ids);
  ids.erase(doubled.begin(), doubled.end());
  want w{next_want_++, kind, urgency::speculation, std::move(ids)};
  w.commit = commit_;
  in_flight_.push_back(w.id);
  port_.ask(std::move(w));
}

bool job_profile::was_wanted(const oid& id) {
  const auto at = places_.find(id);
  if (at == places_.end())
    return false;
  ++hits_;
  const bool wanted = at->second < horizon_;
  reader_ = std::max(reader_, std::min(at->second + 1, horizon_));
  want_windows();
  return wanted;
}

void job_profile::missed(const oid& id) {
  if (files_.empty() || places_.contains(id))
    return;
  ++misses_;
  judge();
}

void job_profile::judge() {
  if (hits_ + misses_ < limits_.judged || hits_ * limits_.share >= hits_ + misses_)
    return;
  log::info("the profile is dropped: of {} files that were read it foresaw {}", hits_ + misses_, hits_);
  clear();
}

void job_profile::clear() {
  for (const want_id each : std::exchange(in_flight_, {}))
    port_.cancel(each);
  paths_.reset();
  size_classes_.clear();
  folders_.clear();
  listed_.clear();
  files_.clear();
  places_.clear();
  due_ = false;
  trees_ = 0;
  horizon_ = reader_ = hits_ = misses_ = 0;
}

void job_profile::finished(want_id id, const want_result& outcome) {
  std::erase(in_flight_, id);
  if (std::exchange(trees_, trees_ == id ? 0 : trees_) != id || !paths_)
    return;
  paths_->came(outcome.code);
  look_up();
}

std::vector<activity::walker> job_profile::walkers() const {
  std::vector<activity::walker> out;
  if (!in_flight_.empty() || reader_ < files_.size())
    out.push_back({{}, horizon_ - std::min(reader_, horizon_), in_flight_.size(), "/"});
  return out;
}

} // namespace gitfs
