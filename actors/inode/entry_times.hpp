// Since when the entries of a directory have been what they are.
#pragma once

#include "actors/inode/dentry_table.hpp"
#include "backend/git/object_db.hpp"
#include "backend/git/tree.hpp"
#include "backend/remote/shown_times.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gitfs {

/// Compares a directory's listing with the trees that the directory showed before, as far as these are on this machine;
/// each is read when it is needed first. What is not here any more nobody was shown, or it was evicted: then it is
/// passed over.
///
/// The trees are read beside the environment, which a trace would record: nothing that is recorded depends on times.
/// Used by one thread, while the directory takes a listing.
class entry_times {
public:
  /// `now`: since when the directory has its present tree. `past`: what it had before, the latest first. All outlive
  /// it.
  entry_times(file_time now, std::span<const shown_run> past, object_db& from);

  /// For entries of the present tree. Empty: there is no past, and each has the time of the directory, or its own.
  time_source source();
  /// Since when that entry of the present tree has been in the directory, and the same.
  file_time of(const tree_entry& entry);

  /// Of each child directory in the present tree, what it showed before; those with nothing to tell are left out.
  std::map<std::string, shown_runs_ptr, std::less<>> of_directories(const std::vector<tree_entry>& present);

private:
  enum class knowledge { unknown, absent, present };
  knowledge find_in(std::size_t run, std::string_view name, const tree_entry*& found);

  const file_time now_;
  const std::span<const shown_run> past_;
  object_db& from_;
  std::vector<std::optional<std::optional<parsed_tree>>> trees_; ///< by run; inside none: not here
};

} // namespace gitfs
