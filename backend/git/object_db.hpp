// Objects that are on this machine: a local repository, or the object store that an upstream fills.
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

  /// The object, its hash checked against `id`. ENOENT: not here (or here but corrupt, and now set aside: to whoever
  /// can fetch it again that is the same). EIO: the disk failed.
  virtual result<object> read(const oid& id) = 0;

  /// A tree taken apart, without sizes. Where there are listings that are no git objects, this and `read` give them
  /// too. ENOENT: it is not here. EBADMSG: it is no tree, or a malformed one. Otherwise the disk's error.
  virtual result<parsed_tree> read_tree(const oid& tree);

  /// Writes the contents of a blob to a file, its hash checked. For what is too large to be whole in memory: the object
  /// databases on disk need little of it for any size. Errors as `read`; ECANCELED: stopped.
  virtual result<void> copy(const oid& id, const blob_target& to);

  /// True if `read` is expected to find it. Costs an index look-up, never a directory scan.
  virtual bool contains(const oid& id) = 0;

  /// Fills `out[i]` with the size of `ids[i]`, or `unknown_size`. One call a directory, so that an implementation may
  /// use one transaction. `ids` and `out` have the same length.
  virtual void sizes(std::span<const oid> ids, std::span<std::uint64_t> out) = 0;

  /// The same for the files that a tree names, in the order of its listing: an implementation may keep them together.
  virtual void sizes_in(const oid& /*tree*/, std::span<const oid> ids, std::span<std::uint64_t> out) {
    sizes(ids, out);
  }

  /// Gives back memory that is held to make the next call faster. Takes milliseconds.
  virtual void trim() {}
  /// What `gitfs-actor stats` shows of it: names as in "store.bytes", and values.
  virtual std::vector<std::pair<std::string, std::uint64_t>> counters() const { return {}; }
};

} // namespace gitfs
