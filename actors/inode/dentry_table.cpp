#include "actors/inode/dentry_table.hpp"

#include <algorithm>
#include <utility>

namespace gitfs {

namespace {

// A directory stays itself when its tree changes (its actor compares), and so does a submodule's. A file with other
// contents is another inode: who has the old one open goes on reading the old bytes.
bool same_inode(const dentry& old, const tree_entry& entry) {
  return old.kind == entry.kind && (!has_contents(entry.kind) || old.id == entry.id);
}

std::uint64_t known_size(std::uint64_t one, std::uint64_t other) {
  return one != unknown_size ? one : other;
}

// What a listing says of an entry itself goes before the time of the snapshot.
file_time time_of(const tree_entry& entry, file_time otherwise, const time_source& source) {
  if (source)
    return source(entry);
  return entry.time != 0 ? file_time_of(entry.time) : otherwise;
}

dentry fresh_dentry(const tree_entry& entry, file_time time) {
  dentry out;
  out.name = entry.name;
  out.kind = entry.kind;
  out.id = entry.id;
  out.size = entry.size;
  out.present = true;
  out.time = time;
  return out;
}

} // namespace

table_changes dentry_table::refresh(const std::vector<tree_entry>& listing, file_time time,
                                    const time_source& of_unknown) {
  table_changes changes;
  if (!kept_.empty() && restore(listing, time, of_unknown, changes)) {
    measure();
    return changes;
  }
  const std::vector<child_index> old = std::move(order_);
  order_.clear();
  order_.reserve(listing.size());
  std::vector<child_index> free = holes();
  dentries_.reserve(dentries_.size() + listing.size() - std::min(listing.size(), free.size()));
  auto known = old.begin(); // both are sorted: one merge
  for (const tree_entry& entry : listing) {
    for (; known != old.end() && dentries_[*known].name < entry.name; ++known)
      go(dentries_[*known], changes);
    bool replaces = false;
    if (known != old.end() && dentries_[*known].name == entry.name) {
      if (same_inode(dentries_[*known], entry)) {
        stay(*known, entry, time, changes);
        order_.push_back(*known++);
        continue;
      }
      go(dentries_[*known++], changes);
      replaces = true;
    }
    // A name that was removed earlier comes back under a new index: the old one may still be referred to.
    child_index index = static_cast<child_index>(dentries_.size());
    const file_time since = replaces ? time : time_of(entry, time, of_unknown);
    if (free.empty()) {
      dentries_.push_back(fresh_dentry(entry, since));
    } else {
      index = free.back();
      free.pop_back();
      dentries_[index] = fresh_dentry(entry, since);
    }
    order_.push_back(index);
    if (!replaces)
      changes.added.push_back(index);
  }
  for (; known != old.end(); ++known)
    go(dentries_[*known], changes);
  measure();
  return changes;
}

void dentry_table::stay(child_index index, const tree_entry& entry, file_time time, table_changes& changes) {
  dentry& d = dentries_[index];
  d.size = known_size(d.size, entry.size);
  if (d.id == entry.id)
    return;
  d.id = entry.id;
  d.time = time;
  changes.moved.push_back(index);
}

void dentry_table::go(dentry& entry, table_changes& changes) {
  entry.present = false;
  if (entry.nlookup != 0)
    changes.gone.push_back(entry.name);
}

// Nobody can come with these any more: the kernel has given back each reference. Else a directory in which one file
// changes all the time would grow for ever.
std::vector<child_index> dentry_table::holes() const {
  std::vector<child_index> out;
  for (const dentry& entry : dentries_)
    if (!entry.present && weight(entry) == 0)
      out.push_back(index_of(entry));
  std::ranges::reverse(out); // the lowest is used first
  return out;
}

// Puts what was kept back to its index. True if that was all: every kept entry is in the listing at its own place, as
// when the same tree is read again. Otherwise the table looks as if the names between had been removed.
bool dentry_table::restore(const std::vector<tree_entry>& listing, file_time time, const time_source& of_unknown,
                           table_changes& changes) {
  auto kept = std::exchange(kept_, {});
  const bool same = std::ranges::all_of(kept, [&](const auto& one) {
    const auto& [index, entry] = one;
    return index < listing.size() && entry.present && entry.name == listing[index].name
           && same_inode(entry, listing[index]);
  });
  if (!same) {
    dentries_.resize(kept.rbegin()->first + std::size_t{1});
    for (auto& [index, entry] : kept) {
      dentries_[index] = std::move(entry);
      if (dentries_[index].present)
        order_.push_back(index);
    }
    std::ranges::sort(order_, {}, [this](child_index i) -> const std::string& { return dentries_[i].name; });
    return false;
  }
  order_.reserve(listing.size());
  dentries_.reserve(listing.size());
  for (const tree_entry& entry : listing) {
    const auto index = static_cast<child_index>(dentries_.size());
    order_.push_back(index);
    if (const auto here = kept.find(index); here != kept.end()) {
      dentries_.push_back(std::move(here->second));
      stay(index, entry, time, changes);
    } else {
      dentries_.push_back(fresh_dentry(entry, time_of(entry, time, of_unknown)));
      changes.added.push_back(index);
    }
  }
  return true;
}

void dentry_table::drop() {
  for (dentry& entry : dentries_)
    if (weight(entry) != 0)
      kept_.emplace(index_of(entry), std::move(entry));
  std::vector<dentry>{}.swap(dentries_);
  std::vector<child_index>{}.swap(order_);
  measure();
}

void dentry_table::measure() {
  constexpr std::size_t map_node = 48;
  constexpr std::size_t node = 24; // in the inode table, for who lists a directory refers to most of it
  bytes_ = dentries_.size() * node + dentries_.capacity() * sizeof(dentry) + order_.capacity() * sizeof(child_index)
           + kept_.size() * (node + sizeof(dentry) + map_node);
  const std::size_t inside = std::string{}.capacity();
  for (const dentry& entry : dentries_)
    bytes_ += entry.name.capacity() > inside ? entry.name.capacity() + 17 : 0;
}

void dentry_table::clear() {
  std::vector<dentry>{}.swap(dentries_);
  std::vector<child_index>{}.swap(order_);
  kept_.clear();
  measure();
}

const dentry* dentry_table::find(std::string_view name) const {
  auto it = std::lower_bound(order_.begin(), order_.end(), name,
                             [this](child_index i, std::string_view n) { return dentries_[i].name < n; });
  return it != order_.end() && dentries_[*it].name == name ? &dentries_[*it] : nullptr;
}

child_index dentry_table::position_of(child_index index) const {
  if (index < order_.size() && order_[index] == index)
    return index; // no refresh has changed the listing yet
  const auto it = std::ranges::lower_bound(order_, dentries_[index].name, {},
                                           [this](child_index i) -> const std::string& { return dentries_[i].name; });
  return static_cast<child_index>(it - order_.begin());
}

dentry* dentry_table::at(child_index index) {
  if (index < dentries_.size())
    return &dentries_[index];
  const auto it = kept_.find(index); // usually empty
  return it != kept_.end() ? &it->second : nullptr;
}

const dentry* dentry_table::at(child_index index) const {
  return const_cast<dentry_table*>(this)->at(index);
}

void dentry_table::ref(dentry& entry) {
  const unsigned before = weight(entry);
  ++entry.nlookup;
  referenced_ += weight(entry) - before;
}

std::uint32_t dentry_table::unref(dentry& entry, std::uint64_t count) {
  const unsigned before = weight(entry);
  entry.nlookup = count >= entry.nlookup ? 0 : entry.nlookup - static_cast<std::uint32_t>(count);
  referenced_ -= before - weight(entry);
  return entry.nlookup;
}

void dentry_table::set_slot(dentry& entry, node_slot slot) {
  const unsigned before = weight(entry);
  entry.slot = slot;
  referenced_ = referenced_ - before + weight(entry);
}

} // namespace gitfs
