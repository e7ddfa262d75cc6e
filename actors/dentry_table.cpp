#include "actors/dentry_table.hpp"

#include <algorithm>
#include <utility>

namespace gitfs {

namespace {

// A directory stays itself when its tree changes (its actor compares). A file with other contents is another inode: who
// has the old one open goes on reading the old bytes.
bool same_inode(const dentry& old, const tree_entry& entry) {
  return old.kind == entry.kind && (entry.kind == entry_kind::directory || old.id == entry.id);
}

std::uint64_t known_size(std::uint64_t one, std::uint64_t other) {
  return one != unknown_size ? one : other;
}

dentry fresh_dentry(const tree_entry& entry) {
  dentry out;
  out.name = entry.name;
  out.kind = entry.kind;
  out.id = entry.id;
  out.size = entry.size;
  out.present = true;
  return out;
}

} // namespace

void dentry_table::refresh(const std::vector<tree_entry>& listing) {
  if (!kept_.empty() && restore(listing))
    return measure();
  std::vector<child_index> old = std::move(order_);
  order_.clear();
  order_.reserve(listing.size());
  dentries_.reserve(dentries_.size() + listing.size());
  auto known = old.begin(); // both are sorted: one merge
  for (const tree_entry& entry : listing) {
    for (; known != old.end() && dentries_[*known].name < entry.name; ++known)
      dentries_[*known].present = false;
    if (known != old.end() && dentries_[*known].name == entry.name) {
      dentry& before = dentries_[*known];
      if (same_inode(before, entry)) {
        before.id = entry.id;
        before.size = known_size(before.size, entry.size);
        order_.push_back(*known++);
        continue;
      }
      before.present = false;
      ++known;
    }
    // A name that was removed earlier comes back under a new index: the old one may still be referred to.
    order_.push_back(static_cast<child_index>(dentries_.size()));
    dentries_.push_back(fresh_dentry(entry));
  }
  for (; known != old.end(); ++known)
    dentries_[*known].present = false;
  measure();
}

// Puts what was kept back to its index. True if that was all: every kept entry is in the listing at its own place, as
// when the same tree is read again. Otherwise the table looks as if the names between had been removed.
bool dentry_table::restore(const std::vector<tree_entry>& listing) {
  const auto kept = std::exchange(kept_, {});
  const bool same = std::ranges::all_of(kept, [&](const auto& one) {
    const auto& [index, entry] = one;
    return index < listing.size() && entry.present && entry.name == listing[index].name
           && same_inode(entry, listing[index]);
  });
  if (!same) {
    dentries_.resize(kept.rbegin()->first + std::size_t{1});
  } else {
    order_.reserve(listing.size());
    dentries_.reserve(listing.size());
    for (const tree_entry& entry : listing) {
      order_.push_back(static_cast<child_index>(dentries_.size()));
      dentries_.push_back(fresh_dentry(entry));
    }
  }
  for (const auto& [index, entry] : kept) {
    const dentry now = std::exchange(dentries_[index], entry);
    if (!same && entry.present)
      order_.push_back(index);
    if (!same)
      continue;
    dentries_[index].id = now.id; // a directory stays itself with another tree
    dentries_[index].size = known_size(entry.size, now.size);
  }
  if (!same)
    std::ranges::sort(order_, {}, [this](child_index i) -> const std::string& { return dentries_[i].name; });
  return same;
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
  bytes_ = dentries_.capacity() * sizeof(dentry) + order_.capacity() * sizeof(child_index)
           + kept_.size() * (sizeof(dentry) + map_node);
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

void dentry_table::set_slot(dentry& entry, dir_slot slot) {
  const unsigned before = weight(entry);
  entry.slot = slot;
  referenced_ = referenced_ - before + weight(entry);
}

} // namespace gitfs
