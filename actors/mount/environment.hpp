// What a handler learns from elsewhere than its message and its own actor, all of it in one place.
//
// Such answers depend on when other threads come by (an object arrives in the store, a slot is given back), so a trace
// notes each of them, and a replay gives them again: then a handler does the same a second time.
#pragma once

#include "actors/model/directory_location.hpp"
#include "actors/model/node_id.hpp"
#include "actors/model/want.hpp"
#include "backend/cache/blob_files.hpp"
#include "backend/cache/listing_cache.hpp"
#include "backend/git/object_db.hpp"

#include <caf/actor.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>

namespace gitfs {

struct mount_context;
struct mounted_repository;

struct blob_load {
  caf::actor directory;
  want_id want = 0;
  oid blob;
  bool to_disk = false; ///< else into the blob cache
};

/// As an object_db it answers for the objects of one repository. Any thread.
class environment : public object_db {
public:
  /// As `sizes`, of blobs that would be fetched to learn their sizes. A question of its own, since 0.1.0 did not ask
  /// it.
  virtual void sizes_here(std::span<const oid> ids, std::span<std::uint64_t> out) { sizes(ids, out); }
  /// blob_cache::cached and read.
  virtual std::optional<object> cached_blob(const oid& id, std::uint64_t bytes) = 0;
  virtual result<object> blob(const oid& id, std::uint64_t bytes) = 0;
  /// blob_files::find.
  virtual std::shared_ptr<const blob_file> blob_file_of(const oid& id) = 0;
  /// listing_cache::contains and take.
  virtual bool has_listing(const oid& tree) = 0;
  virtual result<listing_ptr> listing(const oid& tree) = 0;

  /// inode_table::allocate. (Nothing depends on which slot a leaf gets, so that is no answer of the environment.)
  virtual std::optional<dir_slot> allocate(dir_slot parent, std::uint64_t ino, directory_location_ptr link) = 0;
  /// True if the slot is in use, and has not been given to another directory since that generation.
  virtual bool is_current(dir_slot slot, std::uint32_t generation) = 0;
  virtual std::uint64_t slots() = 0;

  /// Memory that listings take, in bytes; after so many more.
  virtual std::uint64_t listings_memory(std::uint64_t more = 0) = 0;
  virtual std::uint64_t kernel_requests() = 0;
  /// Mounted refs that fetch contents ahead, after so many more or less; for those that may not be alone.
  virtual std::uint64_t prefetching(int change) = 0;

  /// Starts what runs beside the actors and is not heard of.
  virtual void aside(const std::function<void()>& start) = 0;
  /// Starts the loading of a large blob; `what.directory` gets a blob_loaded.
  virtual void load(const blob_load& what, const std::function<void()>& start) = 0;
};

/// As they are. `objects`: of this repository; none: nothing is here, as above the repositories. Both outlive it.
std::unique_ptr<environment> live_environment(mount_context& context, mounted_repository* objects);

} // namespace gitfs
