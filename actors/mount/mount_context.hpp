// The data of one mount that all its actors share.
#pragma once

#include "actors/model/counters.hpp"
#include "actors/model/kernel_notifier.hpp"
#include "actors/model/latency.hpp"
#include "actors/mount/environment.hpp"
#include "actors/mount/inode_table.hpp"
#include "actors/mount/mounted_ref.hpp"
#include "backend/cache/memory_budget.hpp"
#include "backend/git/object_db.hpp"
#include "backend/remote/server_ways.hpp"

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace gitfs {

struct mount_context {
  /// `budget`: shared with object databases that keep anything in memory. `large_blobs`: folder for large blobs.
  /// `ahead`: whether to prefetch; false: only what a request needs is fetched.
  mount_context(std::shared_ptr<memory_budget> budget, std::filesystem::path large_blobs, bool ahead);
  mount_context(const mount_context&) = delete;
  mount_context& operator=(const mount_context&) = delete;

  /// Frees what is kept in memory only to answer the next request faster. Takes milliseconds.
  void trim();
  /// True if a repository has the object on this machine.
  bool holds(const oid& id) const;
  /// The counters of all object databases; those of the same name are added up.
  std::vector<std::pair<std::string, std::uint64_t>> store_counters() const;
  /// What `gitfs-actor stats` shows: a line "name value" for each counter.
  std::string report() const;
  /// How the git servers in use are asked: server_ways::text.
  std::string ways_of_servers() const { return servers ? servers->text() : std::string{}; }
  /// What users should know of the sources in use: server_ways::warnings.
  std::string warnings() const { return servers ? servers->warnings() : std::string{}; }
  /// Ends all fetchers and prefetchers. The supervisor must have been ended before.
  void end_actors() const;
  /// Releases all handles of actors. Called last, when all actors have ended.
  void close();

  const std::shared_ptr<memory_budget> shared_memory;
  memory_budget& memory;
  const std::filesystem::path blob_files_folder;
  const bool prefetch;
  /// False in the replay of a mount that read no folders ahead as sets. Set before the first request, if at all.
  bool knows_sets = true;
  const file_time began = time_now(); ///< the time of directories above the repositories
  open_list<mounted_repository> repositories;
  open_list<mounted_ref> mounted_refs;
  inode_table inodes;
  kernel_notifier* kernel = nullptr; ///< set before the first request, if at all
  caf::actor supervisor;             ///< set before the first request, if at all; released by `close`
  /// Makes the header `traceparent` for a transfer, from the order numbers of the records of its begin and of its root.
  /// Set before the first request, if at all.
  std::function<std::string(std::uint64_t begun, std::uint64_t root)> traceparent;
  std::shared_ptr<const server_ways> servers; ///< set before the first request, if at all
  std::shared_ptr<const shown_times> times;   ///< set before anything is shown; null: times are not kept over remounts
  /// The reason why nothing is written to the cache folder at present; "": it is written to. Set before the first
  /// request, if at all.
  std::function<std::string()> cache_trouble;
  counters counts;
  latencies latency;
  std::atomic<std::uint64_t> prefetching{0}; ///< see environment
  /// The environment of directories above the repositories: slots and memory, without objects. Replaced before the
  /// first request, if at all.
  std::shared_ptr<environment> outside;
  /// In a replay, the environment of every repository that is opened from here on. Null: each has its own.
  std::shared_ptr<environment> outside_of_all;
};

/// Adds a repository to the mount. Its environment is recorded if the mount records everything.
std::shared_ptr<mounted_repository> add_repository(mount_context& context, std::uint32_t number,
                                                   std::shared_ptr<object_db> objects);

} // namespace gitfs
