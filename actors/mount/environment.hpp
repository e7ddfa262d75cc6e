// Everything that a handler learns from elsewhere than its message and its own actor.
//
// Such answers depend on what other threads have done meanwhile (an object has come into the store, a slot was given
// back). So a trace records each of them, and a replay gives them again, and then a handler does the same as before.
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
  bool to_disk = false; ///< true: into a file (blob_files); false: into the blob cache
};

/// The objects of one repository, as object_db, and the state that all actors of the mount share. Any thread.
class environment : public object_db {
public:
  /// The same as `sizes`, asked before blobs are fetched to learn their sizes. It is a question of its own, because the
  /// actors of 0.1.0 did not ask it, and their traces have no answer to it.
  virtual void sizes_here(std::span<const oid> ids, std::span<std::uint64_t> out) { sizes(ids, out); }
  /// blob_cache::cached and read.
  virtual std::optional<object> cached_blob(const oid& id, std::uint64_t bytes) = 0;
  virtual result<object> blob(const oid& id, std::uint64_t bytes) = 0;
  /// blob_files::find.
  virtual std::shared_ptr<const blob_file> blob_file_of(const oid& id) = 0;
  /// listing_cache::contains and take.
  virtual bool has_listing(const oid& tree) = 0;
  virtual result<listing_ptr> listing(const oid& tree) = 0;

  /// inode_table::allocate. The slots of leaves need not be recorded, since nothing depends on which one a leaf gets.
  virtual std::optional<dir_slot> allocate(dir_slot parent, std::uint64_t ino, directory_location_ptr link) = 0;
  /// True if the slot is in use, and has not been given to another directory since that generation.
  virtual bool is_current(dir_slot slot, std::uint32_t generation) = 0;
  virtual std::uint64_t slots() = 0;

  /// Adds `more` to the memory that listings take, and returns the sum, in bytes.
  virtual std::uint64_t listings_memory(std::uint64_t more = 0) = 0;
  virtual std::uint64_t kernel_requests() = 0;
  /// Adds `change` to the number of mounted refs that fetch contents ahead, and returns the sum.
  virtual std::uint64_t prefetching(int change) = 0;

  /// Calls `start`, which starts work that never sends anything to an actor. A replay does not call it.
  virtual void aside(const std::function<void()>& start) = 0;
  /// Calls `start`, which starts the loading of a large blob; `what.directory` gets a blob_loaded.
  virtual void load(const blob_load& what, const std::function<void()>& start) = 0;
};

/// The environment of a mount that runs. `objects`: the repository; null: no object is here, as above the repositories.
/// `context` and `objects` outlive it.
std::unique_ptr<environment> live_environment(mount_context& context, mounted_repository* objects);

} // namespace gitfs
