#include "actors/dentry_table.hpp"

#include <algorithm>

namespace gitfs {

namespace {

// A directory stays itself when its tree changes (its actor compares). A file with other contents is another inode: who
// has the old one open goes on reading the old bytes.
bool same_inode(const dentry& old, const tree_entry& entry) {
  return old.kind == entry.kind && (entry.kind == entry_kind::directory || old.id == entry.id);
}

} // namespace

void dentry_table::refresh(std::vector<tree_entry> listing) {
  std::vector<child_index> old = std::move(order_);
  order_.clear();
  order_.reserve(listing.size());
  dentries_.reserve(dentries_.size() + listing.size());
  auto known = old.begin(); // both are sorted: one merge
  for (tree_entry& entry : listing) {
    for (; known != old.end() && dentries_[*known].name < entry.name; ++known)
      dentries_[*known].present = false;
    if (known != old.end() && dentries_[*known].name == entry.name) {
      dentry& before = dentries_[*known];
      if (same_inode(before, entry)) {
        before.id = entry.id;
        order_.push_back(*known++);
        continue;
      }
      before.present = false;
      ++known;
    }
    // A name that was removed earlier comes back under a new index: the old one may still be referred to.
    order_.push_back(static_cast<child_index>(dentries_.size()));
    dentry& fresh = dentries_.emplace_back();
    fresh.name = std::move(entry.name);
    fresh.kind = entry.kind;
    fresh.id = entry.id;
    fresh.present = true;
  }
  for (; known != old.end(); ++known)
    dentries_[*known].present = false;
}

void dentry_table::clear() {
  dentries_.clear();
  dentries_.shrink_to_fit();
  order_.clear();
  order_.shrink_to_fit();
}

const dentry* dentry_table::find(std::string_view name) const {
  auto it = std::lower_bound(order_.begin(), order_.end(), name,
                             [this](child_index i, std::string_view n) { return dentries_[i].name < n; });
  return it != order_.end() && dentries_[*it].name == name ? &dentries_[*it] : nullptr;
}

dentry* dentry_table::at(child_index index) {
  return index < dentries_.size() ? &dentries_[index] : nullptr;
}

const dentry* dentry_table::at(child_index index) const {
  return index < dentries_.size() ? &dentries_[index] : nullptr;
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
