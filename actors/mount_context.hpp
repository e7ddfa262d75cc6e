// What every actor of one mount may read.
#pragma once

#include "actors/counters.hpp"
#include "actors/inode_table.hpp"
#include "actors/kernel_notifier.hpp"
#include "actors/latency.hpp"
#include "actors/surroundings.hpp"
#include "backend/blob_cache.hpp"
#include "backend/listing_cache.hpp"
#include "backend/memory_budget.hpp"
#include "backend/object_db.hpp"
#include "backend/spool.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace gitfs {

/// Fixed when the mount is made.
struct mount_facts {
  oid commit;
  oid root_tree;
  bool prefetch = true; ///< false: nothing is fetched but what a request needs
};

struct mount_context {
  /// `budget`: shared with `database`, if that keeps anything in memory. `spool_folder`: for large blobs.
  mount_context(const mount_facts& f, std::shared_ptr<object_db> database, std::shared_ptr<memory_budget> budget,
                std::filesystem::path spool_folder)
    : facts(f),
      db(std::move(database)),
      shared_memory(std::move(budget)),
      memory(*shared_memory),
      blobs(*db, memory),
      listings(*db, memory),
      spooled(*db, memory, std::move(spool_folder), spool_space),
      outside(live_surroundings(*this)) {}
  mount_context(const mount_context&) = delete;
  mount_context& operator=(const mount_context&) = delete;

  static constexpr std::uint64_t spool_space = std::uint64_t{1} << 30;

  /// Gives back what is kept in memory to answer the next request faster. Takes milliseconds.
  void trim() {
    blobs.clear();
    listings.clear();
    db->trim();
  }

  /// What `gitfs-actor stats` shows: a line "name value" each.
  std::string report() const {
    std::string out = counts.text() + latency.text() + memory.text();
    for (const auto& [name, value] : db->counters())
      out += name + ' ' + std::to_string(value) + '\n';
    return out;
  }

  const mount_facts facts;
  const std::shared_ptr<object_db> db; ///< for handlers: `outside`
  const std::shared_ptr<memory_budget> shared_memory;
  memory_budget& memory;
  blob_cache blobs;
  listing_cache listings; ///< read ahead by the prefetcher
  spool spooled;
  inode_table inodes;
  kernel_notifier* kernel = nullptr; ///< set before the first request, if at all
  /// What to tell the server of the span of a transfer: takes the order numbers of its begin and of its root. Set
  /// before the first request, if at all.
  std::function<std::string(std::uint64_t begun, std::uint64_t root)> traceparent;
  counters counts;
  latencies latency;
  std::unique_ptr<surroundings> outside; ///< how handlers see the above; replaced before the first request, if at all
};

} // namespace gitfs
