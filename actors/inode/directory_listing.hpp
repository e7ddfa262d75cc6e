// The listing of one directory: its entries, how much of them is in memory, and what memory they take.
#pragma once

#include "actors/inode/dentry_table.hpp"
#include "actors/inode/listing_history.hpp"
#include "actors/model/mount_nodes.hpp"
#include "actors/mount/environment.hpp"
#include "backend/cache/memory_budget.hpp"
#include "backend/git/tree.hpp"
#include "backend/remote/shown_times.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gitfs {

/// From what the times of entries follow.
struct tree_past {
  file_time since = 0;               ///< since when the directory has had its tree
  std::span<const shown_run> before; ///< what it showed before, the latest first
  object_db& trees;                  ///< where those trees are, as far as they are here
};

/// Everything that the directory shows comes in through `show_tree`, `show_names` and `show_nothing`. The environment
/// that they take is that of the repository which the directory belongs to at the time of the call. Not thread-safe: a
/// directory actor owns it.
class directory_listing {
public:
  /// `over_budget` is called when the listing has grown and all listings together take more memory than they may.
  directory_listing(memory_budget& memory, environment& outside, std::function<void()> over_budget);
  /// Gives its memory back.
  ~directory_listing();
  directory_listing(const directory_listing&) = delete;
  directory_listing& operator=(const directory_listing&) = delete;

  /// The entries can be used also while the listing is not complete: the kernel refers to some of them.
  dentry_table& entries() { return entries_; }
  const dentry_table& entries() const { return entries_; }
  listing_history& history() { return history_; }
  const listing_history& history() const { return history_; }

  /// True: a name that is not found does not exist.
  bool complete() const { return complete_; }
  /// True: the names of a directory above the repositories were forgotten since the catalog said them last.
  bool dropped() const { return dropped_; }
  /// True for a name above the repositories that may turn out to be a repository later.
  bool is_assumed(std::string_view name) const;
  /// What a child directory showed before its present tree, as far as that differs. Null: nothing is known.
  shown_runs_ptr past_of(std::string_view child) const;
  /// Somebody has read the listing from its start.
  void set_listed() { listed_ = true; }
  bool listed() const { return listed_; }

  /// The entries of a tree object.
  table_changes show_tree(const parsed_tree& tree, const tree_past& past, environment& outside);
  /// The names that the catalog has said; each is a directory.
  table_changes show_names(const mount_node_answer& answer, file_time since, environment& outside);
  /// No entries, because the tree cannot be read. The listing is not complete then.
  table_changes show_nothing(file_time since, environment& outside);

  /// The blobs whose size is not known, in the order of their names.
  std::vector<oid> unknown_sizes() const;
  /// Fills in the sizes that have come since the listing was shown, because they were wanted for others.
  void fill_sizes_here(environment& outside);
  /// The same of one entry. False: its size is not known.
  static bool fill_size_here(dentry& entry, environment& outside);
  /// Fills in the sizes that are known by now. `answered`: those of an answer that has come. They are used also if they
  /// could not be stored, so that a full disk does not make a size unknown for ever.
  void fill_sizes(const std::vector<std::pair<oid, std::uint64_t>>& answered, environment& outside);
  /// The objects of all entries of that kind that are not on this machine.
  std::vector<oid> missing_objects(entry_kind of, environment& outside) const;

  /// The directory is used: it is not asked to give up memory any more.
  void use();
  /// Memory is short. False if the listing was used since the last call, or is `in_use`.
  bool begin_shedding(bool in_use);
  /// While it sheds: forgets the entries to which the kernel does not refer, if these are most of them.
  void drop_if_shedding(bool in_use, environment& outside);

private:
  void account(environment& outside);

  memory_budget& memory_;
  const std::function<void()> over_budget_;
  dentry_table entries_;
  listing_history history_;
  std::map<std::string, shown_runs_ptr, std::less<>> pasts_; // of child directories, of the tree that is shown
  std::vector<std::string> assumed_;                         // sorted
  bool complete_ = false;
  bool dropped_ = false;
  bool listed_ = false;
  bool used_ = false;     // since `begin_shedding` was called last
  bool shedding_ = false; // and not used since
  std::uint64_t accounted_ = 0;
};

} // namespace gitfs
