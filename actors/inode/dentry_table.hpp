// The dentries of one directory.
#pragma once

#include "actors/model/node_id.hpp"
#include "backend/git/object_db.hpp"
#include "backend/git/tree.hpp"
#include "backend/remote/shown_times.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gitfs {

struct dentry {
  std::string name;
  entry_kind kind = entry_kind::file;
  bool present = false;      ///< in the listing; a dentry that a refresh removed lives on while the kernel refers to it
  std::uint32_t nlookup = 0; ///< references that the kernel holds
  /// In the inode table, from the first reply that revealed it: of a directory until it is reaped, of anything else
  /// while the kernel refers to it.
  node_slot slot = no_slot;
  oid id;
  std::uint64_t size = unknown_size; ///< of a blob
  file_time time = 0;                ///< since when it has been what it is, as far as is known

  /// A slot that may have an actor.
  bool has_directory() const { return !is_leaf(slot); }
};

/// What a refresh made of a table, as far as somebody may have looked: by index, but for what is found no more.
struct table_changes {
  std::vector<child_index> added; ///< names that were not there; or perhaps, of a table that had dropped its listing
  std::vector<std::string> gone;  ///< the kernel refers to what they stood for
  std::vector<child_index> moved; ///< directories (also of submodules) that stay themselves with other contents
};

/// Since when an entry of a listing has been what it is.
using time_source = std::function<file_time(const tree_entry&)>;

/// Names, what they stand for, and what the kernel holds of them. An index, once given, means the same name for as long
/// as the table lives, because node ids carry it. Not thread-safe: one directory actor owns it.
class dentry_table {
public:
  /// Takes a complete listing (sorted by name, each name once). An unchanged entry and a child directory keep index
  /// and references; a changed file is a new dentry; names that are no longer there stop being found. What has changed
  /// gets `time`; so does what the table does not know, unless `of_unknown` says better. An index to which nobody
  /// refers any more is used again.
  table_changes refresh(const std::vector<tree_entry>& listing, file_time time = 0, const time_source& of_unknown = {});

  /// Forgets the listing. Only when nothing is referenced: indices start anew.
  void clear();

  /// Forgets what nothing refers to, and the listing with it: nothing is found by name until the next `refresh`. What
  /// is referred to keeps its index; so does, if the same tree comes back, all else.
  void drop();
  /// True if that frees most of it.
  bool worth_dropping() const { return referenced_ * 4 <= dentries_.size() && !dentries_.empty(); }

  /// Memory that the listing takes; changed by `refresh`, `clear` and `drop` alone.
  std::size_t bytes() const { return bytes_; }

  const dentry* find(std::string_view name) const;
  /// By index; none if no such index was ever given.
  dentry* at(child_index index);
  const dentry* at(child_index index) const;
  /// Of an entry that `find` gave, or `at` since the last `refresh`.
  child_index index_of(const dentry& entry) const { return static_cast<child_index>(&entry - dentries_.data()); }

  /// Indices in the order of names.
  std::span<const child_index> sorted() const { return order_; }
  /// Where an entry that is present stands in that order; not after `drop`.
  child_index position_of(child_index index) const;

  /// Adds or gives back kernel references. `unref` never goes below zero, and gives how many are left.
  void ref(dentry& entry);
  std::uint32_t unref(dentry& entry, std::uint64_t count);
  /// A slot comes and goes with the kernel's interest in the child.
  void set_slot(dentry& entry, node_slot slot);

  std::size_t size() const { return dentries_.size(); }
  /// Children that the kernel refers to, and child directories that have a slot.
  std::size_t references() const { return referenced_; }
  /// True while the kernel refers to any child, or a child directory has a slot.
  bool referenced() const { return referenced_ != 0; }

  /// Calls `use(entry)` for every child that the kernel refers to.
  template <class Use>
  void each_looked_up(const Use& use) const {
    for (const dentry& entry : dentries_)
      if (entry.nlookup != 0)
        use(entry);
    for (const auto& [index, entry] : kept_)
      if (entry.nlookup != 0)
        use(entry);
  }

  /// Calls `use(index, entry)` for every child directory that has a slot and is present.
  template <class Use>
  void each_slot(const Use& use) const {
    const auto if_slot = [&](child_index index, const dentry& entry) {
      if (entry.has_directory() && entry.present)
        use(index, entry);
    };
    for (const dentry& entry : dentries_)
      if_slot(index_of(entry), entry);
    for (const auto& [index, entry] : kept_)
      if_slot(index, entry);
  }

private:
  static unsigned weight(const dentry& entry) {
    return (entry.nlookup != 0 ? 1U : 0U) + (entry.has_directory() ? 1U : 0U);
  }

  bool restore(const std::vector<tree_entry>& listing, file_time time, const time_source& of_unknown,
               table_changes& changes);
  void stay(child_index index, const tree_entry& entry, file_time time, table_changes& changes);
  void go(dentry& entry, table_changes& changes);
  std::vector<child_index> holes() const;
  void measure();

  std::vector<dentry> dentries_;
  std::vector<child_index> order_;
  std::map<child_index, dentry> kept_; // after `drop`, while the two above are empty
  std::size_t referenced_ = 0;
  std::size_t bytes_ = 0;
};

} // namespace gitfs
