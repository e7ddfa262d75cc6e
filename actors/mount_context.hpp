// What every actor of one mount may read.
#pragma once

#include "actors/counters.hpp"
#include "actors/inode_table.hpp"
#include "backend/blob_cache.hpp"
#include "backend/object_db.hpp"

#include <cstdint>
#include <memory>
#include <utility>

namespace gitfs {

/// Fixed when the mount is made.
struct mount_facts {
  oid commit;
  oid root_tree;
  bool prefetch = true; ///< false: nothing is fetched but what a request needs
};

struct mount_context {
  mount_context(const mount_facts& f, std::shared_ptr<object_db> database, std::size_t blob_budget)
    : facts(f),
      db(std::move(database)),
      blobs(*db, blob_budget) {}

  const mount_facts facts;
  const std::shared_ptr<object_db> db;
  blob_cache blobs;
  inode_table inodes;
  counters counts;
};

} // namespace gitfs
