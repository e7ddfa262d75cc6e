// What is on this machine of a repository of the mesa service: git objects, and facts from listings that no git object
// has.
#pragma once

#include "backend/git/object_db.hpp"
#include "backend/git/tree.hpp"
#include "backend/store/object_store.hpp"
#include "backend/store/upkeep/side_table.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gitfs {

/// The complete listing of a directory by the service.
struct mesa_listing {
  std::string path; ///< from the root, without slashes at its ends; "" is the root
  oid id;           ///< the id by which the service names it
  std::vector<tree_entry> entries;
  std::int64_t time = 0; ///< when something in it was last changed; 0: unknown
};

/// A listing whose git tree has the id that the service names is stored as that tree. For other listings (the service
/// names directories by something else, or does not list everything) the tree that the listing describes is kept under
/// the service's id in a table beside the store, with a check of its own. `read` gives it as a tree, so code that
/// parses trees need not know. The table also has the times of entries, which no git object has. Thread-safe; any
/// number of processes.
class mesa_objects final : public object_db {
public:
  /// The table is a file in the store's folder.
  explicit mesa_objects(std::shared_ptr<object_store> store);
  ~mesa_objects() override;
  mesa_objects(const mesa_objects&) = delete;
  mesa_objects& operator=(const mesa_objects&) = delete;

  result<object> read(const oid& id) override;
  result<parsed_tree> read_tree(const oid& tree) override;
  result<void> copy(const oid& id, const blob_target& to) override { return store_->copy(id, to); }
  bool contains(const oid& id) override;
  void sizes(std::span<const oid> ids, std::span<std::uint64_t> out) override { store_->sizes(ids, out); }
  void sizes_in(const oid& tree, std::span<const oid> ids, std::span<std::uint64_t> out) override {
    store_->sizes_in(tree, ids, out);
  }
  void trim() override;
  std::vector<std::pair<std::string, std::uint64_t>> counters() const override { return store_->counters(); }

  /// Stores listings with the times and sizes in them. A size that is known already stays. The errors are the disk's.
  result<void> put(std::span<const mesa_listing> listings);

  /// Stores and finds the snapshot of a commit. It is kept for ever. Best effort.
  struct snapshot {
    oid root;
    std::int64_t time = 0;
  };
  void put_snapshot(const oid& commit, const snapshot& what);
  std::optional<snapshot> find_snapshot(const oid& commit) const;

  object_store& store() const { return *store_; }

  /// The functions of a side_table, whose entries are listings and snapshots.
  static side_table::report check(const std::filesystem::path& store);
  static void remove_table(const std::filesystem::path& store);
  static std::filesystem::path table_file(const std::filesystem::path& store);

private:
  class table;

  std::shared_ptr<object_store> store_;
  std::shared_ptr<table> table_;
};

inline constexpr side_table mesa_side_table{&mesa_objects::table_file, &mesa_objects::check,
                                            &mesa_objects::remove_table};

} // namespace gitfs
