// Takes the bytes of an arriving pack.
#pragma once

#include "backend/git/oid.hpp"
#include "config/error.hpp"

#include <cstdint>
#include <memory>
#include <string_view>

namespace gitfs {

/// One arriving pack. Used by one thread at a time, which may block on the disk and on computing (hashing, inflating).
/// If it is destroyed before `commit`, it leaves nothing behind.
class pack_sink {
public:
  virtual ~pack_sink() = default;

  /// Takes the next bytes of the pack, from "PACK" to its trailer. EIO: this is no pack, or the disk failed; a full
  /// disk is ENOSPC.
  virtual result<void> append(std::string_view bytes) = 0;

  /// Called when all bytes were appended. Checks every object's hash and the trailer, stores the pack or its objects,
  /// and only then lets readers see them. Returns the number of objects. EIO: the pack is truncated or damaged; ESTALE:
  /// it has deltas whose base is not here. After an error nothing was stored.
  virtual result<std::uint32_t> commit() = 0;
};

/// What is to be done with the objects of a pack.
enum class pack_use : std::uint8_t {
  keep,      ///< the objects are stored
  read_soon, ///< they are stored, and a reader is about to read the blobs
};

/// Makes a sink for each arriving pack. Any thread.
class pack_receiver {
public:
  virtual ~pack_receiver() = default;
  virtual result<std::unique_ptr<pack_sink>> new_pack(pack_use use) = 0;
  /// True if the object is here, from any pack.
  virtual bool contains(const oid& id) = 0;
};

} // namespace gitfs
