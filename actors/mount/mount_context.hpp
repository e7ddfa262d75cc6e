// What every actor of one mount may read.
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
#include <ctime>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace gitfs {

struct mount_context {
  /// `budget`: shared with object databases that keep anything in memory. `large_blobs`: folder for large blobs.
  /// `ahead`: else nothing is fetched but what a request needs.
  mount_context(std::shared_ptr<memory_budget> budget, std::filesystem::path large_blobs, bool ahead);
  mount_context(const mount_context&) = delete;
  mount_context& operator=(const mount_context&) = delete;

  /// Gives back what is kept in memory to answer the next request faster. Takes milliseconds.
  void trim();
  /// True if a repository has the object on this machine.
  bool holds(const oid& id) const;
  /// Of all object databases; what several of them count is added up.
  std::vector<std::pair<std::string, std::uint64_t>> store_counters() const;
  /// What `gitfs-actor stats` shows: a line "name value" each.
  std::string report() const;
  /// How the git servers in use are asked: server_ways::text.
  std::string ways_of_servers() const { return servers ? servers->text() : std::string{}; }
  /// Ends the actors of all that is open; the supervisor comes first.
  void end_actors() const;
  /// For the last moment, when all actors have ended: nothing that was open holds an actor any more.
  void close();

  const std::shared_ptr<memory_budget> shared_memory;
  memory_budget& memory;
  const std::filesystem::path blob_files_folder;
  const bool prefetch;
  const std::int64_t began = std::time(nullptr); ///< the time of what is above the repositories, seconds since 1970
  open_list<mounted_repository> repositories;
  open_list<mounted_ref> mounted_refs;
  inode_table inodes;
  kernel_notifier* kernel = nullptr; ///< set before the first request, if at all
  caf::actor supervisor;             ///< the same; given back by `close`
  /// What to tell the server of the span of a transfer: takes the order numbers of its begin and of its root. Set
  /// before the first request, if at all.
  std::function<std::string(std::uint64_t begun, std::uint64_t root)> traceparent;
  std::shared_ptr<const server_ways> servers; ///< set before the first request, if at all
  counters counts;
  latencies latency;
  std::atomic<std::uint64_t> prefetching{0}; ///< see environment
  /// How handlers see slots and memory; of objects it knows none. Replaced before the first request, if at all.
  std::shared_ptr<environment> outside;
  /// In place of those of each repository that is opened from here on: in a replay. None: as they are.
  std::shared_ptr<environment> outside_of_all;
};

/// Makes it known to the mount, with an environment as the mount has it (recorded, if all is).
std::shared_ptr<mounted_repository> add_repository(mount_context& context, std::uint32_t number,
                                                   std::shared_ptr<object_db> objects);

} // namespace gitfs
