// What is known of objects without having them: sizes, and when they were last used.
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

/// The sizes of all that a tree names as files, in the order of its listing.
struct tree_sizes {
  oid tree;
  std::vector<oid> ids;
  std::vector<std::uint64_t> sizes; ///< of each of them; all known
};

/// A table on disk (lmdb_file) that any number of processes and threads may use at once. Best effort throughout. Never
/// a wrong size: each is stored with a check of itself. Not to be used across a fork.
class size_table {
public:
  struct options {
    std::size_t initial_map = std::size_t{1} << 28; ///< bytes of address space; grows by itself
  };

  /// Opens or makes `file` (and `file`-lock, `file`-unsynced) when it is needed first. Never fails: without a usable
  /// file all is a miss. All callers in this process that name one file share one table, as LMDB demands.
  static std::shared_ptr<size_table> open(const std::filesystem::path& file, options how);
  static std::shared_ptr<size_table> open(const std::filesystem::path& file) { return open(file, options{}); }

  ~size_table();
  size_table(const size_table&) = delete;
  size_table& operator=(const size_table&) = delete;

  /// Fills `out[i]` with the size of `ids[i]` or `unknown_size`, in one transaction. Same lengths.
  void get(std::span<const oid> ids, std::span<std::uint64_t> out);

  /// Keeps sizes for ever, in one transaction. One that was another before makes it forget what `put_trees` kept.
  void put(std::span<const std::pair<oid, std::uint64_t>> sizes);

  /// The same for a whole directory with one look-up, where `get` needs one for each file: false, if not exactly these
  /// sizes were kept.
  bool get_tree(const oid& tree, std::span<const oid> ids, std::span<std::uint64_t> out);
  /// In one transaction; without those of which a size is not, or not so, among what `put` kept.
  void put_trees(std::span<const tree_sizes> trees);

  /// Notes that objects were used at `seconds` (since 1970), in one transaction.
  void touch(std::span<const oid> ids, std::uint32_t seconds);

  /// The file's pages no longer count as this process's memory; the page cache has them still. What was put last, up to
  /// 4 MB, is no longer kept at hand.
  void trim();

  /// When an object was last noted as used, in seconds since 1970; 0: never.
  std::uint32_t last_use(const oid& id);
  /// The same for many, in one transaction. Same lengths.
  void last_uses(std::span<const oid> ids, std::span<std::uint32_t> out);

  /// Forgets when objects were used, not their sizes.
  void forget_uses(std::span<const oid> ids);

  /// Looks at every object's size, and removes those that are damaged, and all that `put_trees` kept. Gives how many
  /// there are, and how many were.
  struct check_report {
    std::uint64_t sizes = 0, damaged = 0;
  };
  check_report check();

  /// True if the file was damaged when it was opened, or found to be since, and was set aside.
  bool was_damaged() const;

private:
  struct impl;
  explicit size_table(std::unique_ptr<impl> state);

  std::unique_ptr<impl> impl_;
};

} // namespace gitfs
