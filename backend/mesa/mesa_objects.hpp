// What is on this machine of a repository of the mesa service: git objects, and what its listings say beyond them.
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

/// A directory as the service lists it, whole.
struct mesa_listing {
  std::string path; ///< from the root, without slashes at its ends; "" is the root
  oid id;           ///< as the service names it
  std::vector<tree_entry> entries;
  std::int64_t time = 0; ///< when something in it was last changed; 0: unknown
};

/// A listing that is a git tree of its name becomes one in the store. Of another (the service names directories by
/// something else, or does not list all) the tree that it describes is kept under the service's name in a table beside
/// the store, guarded by a check of its own; `read` gives it as a tree, so that whoever takes trees apart need not
/// know. The table holds the entries' times too, which no git object has. Thread-safe; any number of processes.
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

  /// Takes listings in, with the times and sizes in them; a size that is known already stays. The disk's error.
  result<void> put(std::span<const mesa_listing> listings);

  /// What a commit shows, for ever. Best effort.
  struct snapshot {
    oid root;
    std::int64_t time = 0;
  };
  void put_snapshot(const oid& commit, const snapshot& what);
  std::optional<snapshot> find_snapshot(const oid& commit) const;

  object_store& store() const { return *store_; }

  /// As in side_table; the entries are listings and snapshots.
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
