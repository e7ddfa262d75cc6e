// A table of facts about objects that need not be here: their sizes, and when they were last used.
#pragma once

#include "backend/git/object.hpp"
#include "backend/git/oid.hpp"
#include "config/error.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace gitfs {

/// The sizes of all files that a tree names, in the order of its listing.
struct tree_sizes {
  oid tree;
  std::vector<oid> ids;
  std::vector<std::uint64_t> sizes; ///< the size of each of them; all are known
};

/// A table on disk (record_file) that any number of processes and threads may use at once. Everything is best effort,
/// but a size is never wrong, because each is stored with a check of itself. Not to be used across a fork.
class size_table {
public:
  /// Opens or makes `file` when it is first needed. Never fails: without a usable file everything is a miss. All
  /// callers in this process that name one file share one table.
  static std::shared_ptr<size_table> open(const std::filesystem::path& file);

  ~size_table();
  size_table(const size_table&) = delete;
  size_table& operator=(const size_table&) = delete;

  /// Fills `out[i]` with the size of `ids[i]` or `unknown_size`. Same lengths.
  void get(std::span<const oid> ids, std::span<std::uint64_t> out);

  /// Stores sizes for ever. A size that differs from the stored one removes everything that
  /// `put_trees` has stored.
  void put(std::span<const std::pair<oid, std::uint64_t>> sizes);

  /// Gets the sizes of a whole directory with one look-up, where `get` needs one for each file. False: `put_trees` has
  /// not stored exactly these.
  bool get_tree(const oid& tree, std::span<const oid> ids, std::span<std::uint64_t> out);
  /// Stores the sizes of whole directories. A directory is left out if one of its sizes is not
  /// stored by `put`, or is another there.
  void put_trees(std::span<const tree_sizes> trees);

  /// Records that objects were used at `seconds` (since 1970).
  void touch(std::span<const oid> ids, std::uint32_t seconds);

  /// Drops the sizes that were put last, of which up to 4 MB are kept in memory, and what was last read of the file.
  void trim();

  /// When an object was last recorded as used, in seconds since 1970; 0: never.
  std::uint32_t last_use(const oid& id);
  /// The same for many. Same lengths.
  void last_uses(std::span<const oid> ids, std::span<std::uint32_t> out);

  /// Forgets when objects were used, but not their sizes.
  void forget_uses(std::span<const oid> ids);

  /// Checks every size, and removes those that are damaged, and everything that `put_trees` has stored. The report says
  /// how many sizes there are, and how many were damaged.
  struct check_report {
    std::uint64_t sizes = 0, damaged = 0;
  };
  check_report check();

  /// True if the file as a whole was found to be damaged, by a call that writes, and was set aside.
  bool was_damaged() const;

private:
  struct impl;
  explicit size_table(std::unique_ptr<impl> state);

  std::unique_ptr<impl> impl_;
};

} // namespace gitfs
