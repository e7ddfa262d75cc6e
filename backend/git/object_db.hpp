// The objects that are on this machine: those of a local repository, or of the store that an upstream fills.
#pragma once

#include "backend/git/object.hpp"
#include "backend/git/oid.hpp"
#include "config/error.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gitfs {

struct parsed_tree;

/// Local look-ups only: no call touches the network, each is bounded by the disk. Every method may be called from any
/// thread at once.
class object_db {
public:
  virtual ~object_db() = default;

  /// The object; its hash has been checked. ENOENT: the object is not here, or was damaged and has been set aside,
  /// which is the same for a caller that can fetch it again. EIO: the disk failed.
  virtual result<object> read(const oid& id) = 0;

  /// A parsed tree without sizes. An implementation with listings that are no git objects gives them here, and in
  /// `read`, too. ENOENT: the tree is not here. EBADMSG: the object is no tree, or a malformed one. Otherwise the
  /// disk's error.
  virtual result<parsed_tree> read_tree(const oid& tree);

  /// Writes the contents of a blob to a file and checks its hash. For blobs that are too large for memory: the object
  /// databases on disk need little memory for any size. Errors as `read`; ECANCELED: it was stopped.
  virtual result<void> copy(const oid& id, const blob_target& to);

  /// True if `read` is expected to find the object. Costs an index look-up, never a directory scan.
  virtual bool contains(const oid& id) = 0;

  /// Fills `out[i]` with the size of `ids[i]`, or `unknown_size`. There is one call for each directory, so that an
  /// implementation may use one transaction. `ids` and `out` have the same length.
  virtual void sizes(std::span<const oid> ids, std::span<std::uint64_t> out) = 0;

  /// The same for all files that a tree names, in the order of its listing. An implementation may store these together.
  virtual void sizes_in(const oid& /*tree*/, std::span<const oid> ids, std::span<std::uint64_t> out) {
    sizes(ids, out);
  }

  /// Frees memory that is held only to make the next call faster. Takes milliseconds.
  virtual void trim() {}
  /// Counters that `gitfs-actor stats` shows: names such as "store.bytes", and values.
  virtual std::vector<std::pair<std::string, std::uint64_t>> counters() const { return {}; }
};

} // namespace gitfs
