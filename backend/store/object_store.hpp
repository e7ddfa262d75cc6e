// The objects of one upstream on the disk of this machine, in a bare git repository that any git can read.
#pragma once

#include "backend/cache/memory_budget.hpp"
#include "backend/git/object_db.hpp"
#include "backend/pack/pack_sink.hpp"
#include "config/error.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace gitfs {

class cache_keeper;

/// Gives the keeper that holds a cache folder within its quota.
using keeper_source = std::function<std::shared_ptr<cache_keeper>(const std::filesystem::path& cache_dir)>;

/// Any number of processes may use one store at once, and SIGKILL at any moment leaves a store that opens and is whole.
/// Nothing is fsynced. After a power failure an object may be damaged; its hash shows that, and the object is a miss.
/// A disk that fails stops nobody: packs that it does not take are held in memory (held_packs), objects that it does
/// not give are misses, and cache_disk says when it is tried again. Thread-safe.
class object_store final : public object_db, public pack_receiver {
public:
  /// Opens the store of `key` (the upstream's URL without credentials) below `cache_dir`, making both if need be, and
  /// removes what killed processes have left in it. `cache_dir` is tagged as a cache (CACHEDIR.TAG), folders that are
  /// made are for their user only (0700). With a `quota`, in bytes of the disk for all of `cache_dir`, a thread keeps
  /// the cache within it and in few files while the store is open: the cache_keeper that `keeper_of` gives for the
  /// folder, or one of its own. `memory`: the budget for blobs that came ahead of their reader; null: a default budget
  /// of its own. `min_free`: bytes that are to stay free on the disk (cache_disk::keep_free). EEXIST: `cache_dir` or
  /// the store's folder has something in it that is not ours. ENOTDIR, ELOOP, ENAMETOOLONG: no folder can be there. A
  /// disk that fails is no error.
  static result<std::shared_ptr<object_store>> open(const std::filesystem::path& cache_dir, const std::string& key,
                                                    std::optional<std::uint64_t> quota = {},
                                                    std::shared_ptr<memory_budget> memory = {},
                                                    const keeper_source& keeper_of = nullptr,
                                                    std::optional<std::uint64_t> min_free = {});

  ~object_store() override;
  object_store(const object_store&) = delete;
  object_store& operator=(const object_store&) = delete;

  result<object> read(const oid& id) override;
  result<void> copy(const oid& id, const blob_target& to) override;
  bool contains(const oid& id) override;
  void sizes(std::span<const oid> ids, std::span<std::uint64_t> out) override;
  void sizes_in(const oid& tree, std::span<const oid> ids, std::span<std::uint64_t> out) override;
  void trim() override;
  std::vector<std::pair<std::string, std::uint64_t>> counters() const override;

  /// A pack of fewer than 100 objects becomes loose objects, as with git's `fetch.unpackLimit`; a larger one is kept.
  /// A thin pack is completed with objects of this store; ESTALE: the store does not have all of them. With
  /// pack_use::read_soon, the blobs of the pack stay in memory until they are read once, within the budget.
  result<std::unique_ptr<pack_sink>> new_pack(pack_use use) override;

  /// Stores sizes that an upstream has told, for ever. Best effort.
  void remember_sizes(std::span<const std::pair<oid, std::uint64_t>> sizes);

  /// Looks for packs that other processes have added. Call it before asking an upstream. If nothing has changed it
  /// costs one stat.
  void refresh();

  const std::filesystem::path& folder() const;

private:
  struct impl;
  explicit object_store(std::shared_ptr<impl> state);

  std::shared_ptr<impl> impl_; // shared with the packs that arrive
};

} // namespace gitfs
