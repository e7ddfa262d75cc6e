// Where the bytes of an arriving pack go.
#pragma once

#include "backend/git/oid.hpp"
#include "config/error.hpp"

#include <cstdint>
#include <memory>
#include <string_view>

namespace gitfs {

/// One arriving pack. Used by one thread at a time, which may block on disk and CPU (hashing, inflating). Destroyed
/// before `commit` it leaves nothing behind.
class pack_sink {
public:
  virtual ~pack_sink() = default;

  /// The next bytes of the pack, from "PACK" to its trailer. EIO: not a pack, or the disk failed (ENOSPC as such).
  virtual result<void> append(std::string_view bytes) = 0;

  /// All bytes are there: checks every object's hash and the trailer, installs the pack (or explodes it), and only
  /// then lets readers see it. Gives the number of objects. EIO: truncated or corrupt; ESTALE: it has deltas of objects
  /// that are not here. Nothing was installed then.
  virtual result<std::uint32_t> commit() = 0;
};

/// What will become of the objects of a pack.
enum class pack_use : std::uint8_t {
  keep,      ///< they are stored
  read_soon, ///< and somebody is about to read its blobs
};

/// Gives a fresh sink per arriving pack; may be called from any thread.
class pack_receiver {
public:
  virtual ~pack_receiver() = default;
  virtual result<std::unique_ptr<pack_sink>> new_pack(pack_use use) = 0;
  /// True if the object is here, from whichever pack.
  virtual bool contains(const oid& id) = 0;
};

} // namespace gitfs
